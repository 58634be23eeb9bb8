"""core/ids.py: made of the standard library alone, like the core."""

import time
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.core import ids


def test_uuid7_has_version_variant_and_canonical_form() -> None:
    for text in (ids.uuid7() for _ in range(200)):
        parsed = UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (7, "specified in RFC 4122", text)


def test_uuid7_carries_the_millisecond_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    made = int(ids.uuid7().replace("-", "")[:12], 16)
    assert before <= made <= time.time_ns() // 1_000_000


def test_uuid7_sorts_as_text_by_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for millisecond in (0, 1, 255, 256, 2**32, 2**47):
        monkeypatch.setattr(time, "time_ns", lambda now=millisecond: now * 1_000_000)
        made.append(ids.uuid7())
    assert made == sorted(made)


def test_uuid7_does_not_repeat() -> None:
    assert len({ids.uuid7() for _ in range(20_000)}) == 20_000


def test_derived_is_stable_across_releases() -> None:
    assert ids.derived("tasks", "order-7") == "08d5e1c8-304c-871d-ae68-cc9f21c41e24"


@given(st.text(), st.text())
def test_derived_is_a_uuid_version_8(scope: str, key: str) -> None:
    text = ids.derived(scope, key)
    assert (UUID(text).version, UUID(text).variant, ids.parse(text)) == (8, "specified in RFC 4122", text)


def test_derived_differs_by_scope_and_by_key() -> None:
    assert len({ids.derived(scope, key) for scope in "ab" for key in "ab"}) == 4


def test_parse_gives_the_canonical_form_or_none() -> None:
    text = str(uuid4())
    assert ids.parse(text.upper()) == text
    assert ids.parse(text.replace("-", "")) == text
    assert ids.parse("42") is None
    assert ids.parse("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", ("00000000-0000-0000-0000-000000000000", "0fffffff-ffff-ffff-ffff-ffffffffffff")),
        ("A1-b", ("a1b00000-0000-0000-0000-000000000000", "a1bfffff-ffff-ffff-ffff-ffffffffffff")),
        ("", None),
        ("-", None),
        ("g", None),
        ("%", None),
        ("\u0661", None),
        ("0" * 33, None),
    ],
)
def test_the_ids_that_begin_like_a_text(text: str, expected: tuple[str, str] | None) -> None:
    assert ids.beginning(text) == expected
