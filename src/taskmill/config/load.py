"""Load: file < environment < profile < flags. Unset is not default: what a source does not say, it leaves alone."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from taskmill.config.masking import masked
from taskmill.config.profiles import BUILT_IN, check_profiles
from taskmill.config.settings import SETTINGS, URL_FILES, Settings
from taskmill.config.sources import (
    Raw,
    SettingFinding,
    find_file,
    from_environment,
    from_file,
    from_flags,
    location,
    suggestion,
)
from taskmill.core.errors import InvalidSettings, Problem
from taskmill.core.secret_files import SUFFIX, read_secret

DEFAULT = "default"
HINT = "taskmill config check shows all settings and where they come from"


class Loaded(NamedTuple):
    settings: Settings
    """A setting that is wrong in every source has its default here."""
    sources: dict[str, str]
    """Where each setting's value comes from: a file, a variable, a flag, or `default`."""
    findings: list[SettingFinding]
    """Everything that is wrong."""
    file: Path | None
    unread: list[Path]
    """Files that are there but come after the one that is read."""


def load(
    flags: Mapping[str, object] | None = None,
    *,
    file: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
    directory: Path = Path(),
) -> Loaded:
    """Read all sources and find all that is wrong, at once. `file` (or TASKMILL_CONFIG) names the file to read."""
    named = file or environ.get("TASKMILL_CONFIG") or None
    path, unread = (Path(named), []) if named else find_file(directory)
    in_file, findings = from_file(path) if path else ([], [])
    in_environment, more = from_environment(environ)
    raws, unknown = _with_profile([*in_file, *in_environment], from_flags(flags or {}))
    values, sources, wrong = _checked(raws)
    return Loaded(Settings(**values), sources, [*findings, *more, *unknown, *wrong], path, unread)


def settings(flags: Mapping[str, object] | None = None, *, file: str | Path | None = None) -> Settings:
    """The settings in force. Raises InvalidSettings with every finding."""
    loaded = load(flags, file=file)
    refuse(loaded.findings)
    return loaded.settings


def refuse(findings: list[SettingFinding], hint: str | None = HINT) -> None:
    """Raises InvalidSettings with every finding, if there is any."""
    if findings:
        first, more = findings[0], len(findings) - 1
        also = f" (and {more} more)" if more else ""
        problems = [Problem(*finding) for finding in findings]
        raise InvalidSettings(f"{first.where}: {first.what}{also}", hint=hint, problems=problems)


def _with_profile(raws: Sequence[Raw], flags: Sequence[Raw]) -> tuple[list[Raw], list[SettingFinding]]:
    """All raw values, and between those and the flags what the chosen profile stands for."""
    whole = [*raws, *flags]
    chosen = next((raw for raw in reversed(whole) if raw.key == "profile"), None)
    if chosen is None:
        return whole, []
    known = BUILT_IN | _own_profiles(whole)
    profile = known.get(chosen.value.strip()) if isinstance(chosen.value, str) else None
    if profile is None:
        finding = SettingFinding(
            location(chosen), f"no such profile: {chosen.value!r}; {suggestion(str(chosen.value), list(known))}"
        )
        return [raw for raw in whole if raw is not chosen], [finding]
    return [*raws, *(Raw(key, value, f"profile {chosen.value}") for key, value in profile.items()), *flags], []


def _own_profiles(raws: Sequence[Raw]) -> dict[str, dict[str, Any]]:
    raw = next((raw for raw in reversed(raws) if raw.key == "profiles"), None)
    try:
        return (check_profiles(raw.value) if raw else None) or {}
    except ValueError:  # a finding of _checked
        return {}


def _checked(raws: list[Raw]) -> tuple[dict[str, Any], dict[str, str], list[SettingFinding]]:
    values: dict[str, Any] = {}
    sources = dict.fromkeys(SETTINGS, DEFAULT)
    findings = []
    for raw in raws:
        try:
            for key, value, source in list(_said(raw)):
                values[key], sources[key] = value, source
        except ValueError as error:
            findings.append(SettingFinding(location(raw), masked(str(error))))
    return values, sources, findings


def _said(raw: Raw) -> Iterator[tuple[str, Any, str]]:
    """(key, value, source) of the setting, and of the one whose value is in the file that it names."""
    value = SETTINGS[raw.key].check(raw.value)
    yield raw.key, value, raw.source
    if raw.key in URL_FILES and value:
        key = raw.key.removesuffix(SUFFIX)
        yield key, SETTINGS[key].check(read_secret(value)), value
