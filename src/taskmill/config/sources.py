"""Where settings come from: a file, the environment, flags. Each source gives raw values by key."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from taskmill.config.settings import PREFIX, SETTINGS
from taskmill.core.suggest import did_you_mean

FILES = ("taskmill.toml", "taskmill.yaml", "config.yaml")
"""Looked for in the working directory; the first that is there is read."""

OTHER_VARIABLES = ("TASKMILL_CONFIG", "TASKMILL_DEBUG")
"""Variables that are no settings: the file to read; show tracebacks."""


class Raw(NamedTuple):
    """A value as a source gives it."""

    key: str
    value: object
    source: str
    """For people: `taskmill.toml`, `TASKMILL_PORT`, `--port`."""


class SettingFinding(NamedTuple):
    """One thing that is wrong."""

    where: str
    """File and key, or the variable or flag."""
    what: str
    """What is wrong and what would be right."""


def from_file(path: Path) -> tuple[list[Raw], list[SettingFinding]]:
    try:
        content = _parsed(path)
    except (OSError, ValueError, RecursionError) as error:
        return [], [SettingFinding(str(path), f"can't be read: {_one_line(error)}")]
    if content is None:
        return [], []
    if not isinstance(content, dict):
        return [], [SettingFinding(str(path), "must hold keys and values, like port = 8000")]
    raws = [Raw(key, value, str(path)) for key, value in sorted(_flat(content), key=itemgetter(0))]
    return _known(raws, _advice(path))


def from_environment(environ: Mapping[str, str]) -> tuple[list[Raw], list[SettingFinding]]:
    variables = [name for name in environ if name.startswith(PREFIX) and name not in OTHER_VARIABLES]
    raws = [Raw(name.removeprefix(PREFIX).lower(), environ[name], name) for name in sorted(variables)]
    return _known(raws)


def from_flags(flags: Mapping[str, object]) -> list[Raw]:
    """Flags by key; None is unset."""
    return [Raw(key, value, "--" + key.replace("_", "-")) for key, value in flags.items() if value is not None]


def find_file(directory: Path) -> tuple[Path | None, list[Path]]:
    """The file to read, and those that are there but come after it."""
    found = [path for name in FILES if (path := directory / name).is_file()]
    return (found[0], found[1:]) if found else (None, [])


def location(raw: Raw) -> str:
    """Where a person finds it: the variable or flag, or the file and the key in it."""
    return raw.source if raw.source.startswith(("--", PREFIX)) else f"{raw.source}: {raw.key}"


def suggestion(name: str, known: list[str]) -> str:
    return did_you_mean(name, known, f"known are {', '.join(known)}")


def _known(raws: list[Raw], advice: str = "") -> tuple[list[Raw], list[SettingFinding]]:
    strange = [raw for raw in raws if raw.key not in SETTINGS]
    findings = [SettingFinding(location(raw), f"no such setting; {_suggestion(raw)}{advice}") for raw in strange]
    return [raw for raw in raws if raw.key in SETTINGS], findings


def _suggestion(raw: Raw) -> str:
    if raw.source.startswith(PREFIX):
        return suggestion(raw.source, [setting.variable for setting in SETTINGS.values()] + list(OTHER_VARIABLES))
    return suggestion(raw.key, list(SETTINGS))


def _advice(path: Path) -> str:
    if path.name != "config.yaml":
        return ""
    return " (if this file is not Taskmill's, put a taskmill.toml beside it)"


def _parsed(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        import tomllib

        return tomllib.loads(text)
    if path.suffix in (".yaml", ".yml"):
        return _yaml(text)
    raise ValueError("its name must end in .toml, .yaml or .yml")


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _flat(content: Mapping[Any, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Tables only group: `failed` in a table `retention` is `retention_failed`. Profiles have names of their own."""
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name != "profiles" and len(prefix) < 100:
            yield from _flat(value, f"{name}_")
        else:
            yield name, value


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "unreadable"
    return " ".join(str(error).split())
