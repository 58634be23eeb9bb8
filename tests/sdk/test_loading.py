"""load_app: from "tasks:app" to the App."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import App, InvalidSettings
from taskmill.sdk.loading import load_app


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/work.py").write_text(
        "from taskmill import App\napp = App('memory://')\nother = App('memory://')\n"
    )
    (tmp_path / "shop/broken.py").write_text("import no_such_thing\n")
    (tmp_path / "shop/empty.py").touch()
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_found() -> None:
    assert isinstance(load_app("shop.work"), App)
    assert load_app("shop.work") is load_app("shop.work:app")
    assert load_app("shop.work:other") is sys.modules["shop.work"].other


@pytest.mark.parametrize(
    ("ref", "message", "hint"),
    [
        ("nowhere:app", "there is no module 'nowhere'", "looked in"),
        ("shop.nowhere:app", "there is no module 'shop.nowhere'", "looked in"),
        ("shop.work:nothing", "'nothing' in shop.work is not an App", "use shop.work:app"),
        ("shop.empty", "'app' in shop.empty is not an App", "make one: app = taskmill.App()"),
        ("shop/work.py", "is a file, not a module", "use shop.work:app"),
        ("./shop/work.py:other", "is a file, not a module", "use shop.work:other"),
        ("", "is not of the form module:attribute", "for example tasks:app"),
        ("..:app", "is not of the form module:attribute", "for example tasks:app"),
    ],
)
def test_refused_with_the_way_out(ref: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidSettings, match=message) as refused:
        load_app(ref)
    assert hint in (refused.value.hint or "")


def test_errors_of_the_module_are_its_own() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"):
        load_app("shop.broken")
