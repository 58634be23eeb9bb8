"""Worker profiles: which settings they stand for, and what wins."""

from pathlib import Path

import pytest

from taskmill.catalogue import app
from taskmill.config.load import Loaded, load
from taskmill.config.profiles import BUILT_IN

OWN = '[profiles.pictures]\nqueues = ["pictures", "thumbs"]\nslots = 3\n'


def read(directory: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> Loaded:
    (directory / "taskmill.toml").write_text(text, encoding="utf-8")
    return load(flags, environ=environ or {}, directory=directory)


def told(loaded: Loaded) -> tuple[object, ...]:
    assert loaded.findings == []
    return loaded.settings.queues, loaded.settings.slots, loaded.settings.workers


def test_a_profile_wins_over_the_file_and_the_environment_and_flags_over_it(tmp_path: Path) -> None:
    loaded = read(tmp_path, "slots = 99\n", {"TASKMILL_QUEUES": "mine"}, profile="email", workers=4)
    assert told(loaded) == (("email",), 8, 4)
    assert [loaded.sources[key] for key in ("queues", "slots", "workers")] == ["profile email"] * 2 + ["--workers"]


@pytest.mark.parametrize("where", ["flag", "environment", "file"])
def test_a_profile_may_be_chosen_anywhere(tmp_path: Path, where: str) -> None:
    text = OWN + "[x]\n" if where != "file" else 'profile = "pictures"\n' + OWN
    loaded = read(
        tmp_path,
        text.replace("[x]\n", ""),
        {"TASKMILL_PROFILE": "pictures"} if where == "environment" else {},
        profile="pictures" if where == "flag" else None,
    )
    assert told(loaded) == (("pictures", "thumbs"), 3, 2)


def test_a_profile_of_ones_own_replaces_a_built_in_one(tmp_path: Path) -> None:
    assert told(read(tmp_path, "[profiles.email]\nslots = 2\n", profile="email")) == (None, 2, 2)


def test_profiles_in_the_environment_are_json(tmp_path: Path) -> None:
    environ = {"TASKMILL_PROFILES": '{"one": {"slots": 1}}', "TASKMILL_PROFILE": "one"}
    assert told(read(tmp_path, "", environ)) == (None, 1, 2)


@pytest.mark.parametrize(
    ("text", "profile", "where", "says"),
    [
        ("", "emial", "--profile", "no such profile: 'emial'; did you mean email?"),
        (OWN, "picture", "--profile", "did you mean pictures?"),
        ("[profiles]\nemail = 1\n", None, "taskmill.toml: profiles", "must hold tables like [profiles.pictures]"),
        ("[profiles.a]\nport = 1\n", None, "taskmill.toml: profiles", "some of queues, slots, workers"),
        ("[profiles.a]\nslots = 0\n", "a", "profile a: slots", "must be a whole number from 1"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, profile: str | None, where: str, says: str) -> None:
    [finding] = read(tmp_path, text, profile=profile).findings
    assert finding.where.removeprefix(f"{tmp_path}/") == where
    assert says in finding.what


def test_each_queue_of_the_catalogue_has_a_profile() -> None:
    served = {queue for profile in BUILT_IN.values() for queue in profile["queues"]}
    assert {task.queue for task in app.tasks.values()} - {"default"} <= served
