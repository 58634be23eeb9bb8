"""load_app: from "tasks:app" to the App."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import App, InvalidSettings
from taskmill.core.own_code import own_traceback
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


@pytest.mark.parametrize(
    ("code", "says", "last"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'", "import no_such_thing"),
        ("from shop.work import nobody", "ImportError: cannot import name 'nobody'", "from shop.work import nobody"),
        ("len(7)", "TypeError: object of type 'int' has no len()", "len(7)"),
        ("int('seven')", "ValueError: invalid literal", "int('seven')"),
        ("def f(:\n  pass", "SyntaxError: invalid syntax", "def f(:"),
        ("import sys\nsys.exit(3)", "SystemExit: 3", "sys.exit(3)"),
        ("raise SystemExit", "SystemExit", "raise SystemExit"),
        ("from taskmill import App\napp = App()\n@app.task(retries=-1)\ndef f(): ...", "retries -1", "@app.task"),
        ("from shop import broken_too", "ZeroDivisionError", "1 / 0"),
    ],
)
def test_what_a_module_raises_is_told_with_its_own_lines(here: Path, code: str, says: str, last: str) -> None:
    (here / "shop/broken.py").write_text(code)
    (here / "shop/broken_too.py").write_text("1 / 0")
    with pytest.raises(InvalidSettings, match=r"^the app shop.broken:app cannot be loaded: ") as refused:
        load_app("shop.broken:app")
    assert says in str(refused.value)
    assert refused.value.__cause__ is not None
    told = own_traceback(refused.value.__cause__)
    assert last in told
    assert "broken.py" in told
    assert "importlib" not in told
    assert "src/taskmill" not in told


def test_ctrl_c_ends_an_import(here: Path) -> None:
    (here / "shop/broken.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_app("shop.broken:app")
