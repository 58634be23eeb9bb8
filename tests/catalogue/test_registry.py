"""Which task types there are: the switch for each, and those of installed packages."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskmill import App, InvalidRequest, InvalidSettings, State, UnknownTaskType
from taskmill.catalogue import app, math, settings
from taskmill.catalogue.settings import CatalogueSettings
from taskmill.plugins import handlers, plugins, tidy, warn_of_unknown_switches
from taskmill.testing import Sandbox

Install = Callable[..., None]
MODULE = """
from taskmill import App

app = App()


@app.task(queue="shop")
def {name}(order: int) -> int:
    "Ship an order."
    return order
"""


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    settings.use(CatalogueSettings())
    yield
    settings.use(None)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a package where Python finds it, as an installer would."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def install(module: str, text: str, attribute: str = "app", group: str = "taskmill.task_types") -> None:
        (tmp_path / f"{module}.py").write_text(text)
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\nmine = {module}:{attribute}\n")
        made.append(module)

    yield install
    plugins.cache_clear()
    for module in made:
        sys.modules.pop(module, None)


def test_a_type_that_is_off_is_not_there() -> None:
    there = handlers(None, disabled=frozenset({"http_request", "math"}))
    assert {"http_request", "math"} & there.keys() == set()
    assert "message" in there


def test_a_switch_that_is_misspelt_is_told(caplog: pytest.LogCaptureFixture) -> None:
    own = App("memory://")
    own.task(name="mine")(lambda: None)
    warn_of_unknown_switches(own, frozenset({"http_requst", "math", "zzz", "mine"}))
    assert caplog.messages == [
        "disabled_types: there is no task type 'http_requst'; did you mean http_request?",
        "disabled_types: there is no task type 'zzz'",
    ]


async def test_a_type_that_is_off_is_refused_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings.use(CatalogueSettings(disabled_types=frozenset({"math"})))
    with pytest.raises(UnknownTaskType, match="the task type 'math' is switched off") as error:
        math.enqueue("1 + 1")
    assert error.value.hint == "the operator may take it out of the setting disabled_types"
    with pytest.raises(UnknownTaskType, match="is switched off"):
        await math.aenqueue("1 + 1")
    assert list(tmp_path.iterdir()) == []


def test_one_of_the_catalogue_in_an_app_of_ones_own(tmp_path: Path) -> None:
    own = App(f"sqlite:///{tmp_path}/own.db")
    mine = own.include(math)
    handle = mine.using(priority="high", delay=60).enqueue("6 * 7")
    assert own.handle(handle.id).status() is State.SCHEDULED
    assert [made.created for made in mine.enqueue_many([mine.call("1"), mine.call("2")])] == [True, True]
    assert (handlers(own)["math"], handlers(None)["math"]) == (mine, math)
    own.close()


def test_in_a_sandbox_of_that_app_it_runs(tmp_path: Path) -> None:
    own = App(f"sqlite:///{tmp_path}/own.db")
    mine = own.include(math)
    with Sandbox(own, inline=True) as box:
        assert mine.enqueue("6 * 7").result() == 42
        box.assert_enqueued(mine, expression="6 * 7")
    assert list(tmp_path.iterdir()) == []


def test_two_of_a_name_in_one_app(tmp_path: Path) -> None:
    own = App("memory://")
    own.include(math)
    with pytest.raises(InvalidRequest, match="there are two task types named 'math'"):
        own.include(math)


async def test_a_type_that_is_off_is_refused_in_other_apps_as_well() -> None:
    mine = App("memory://").include(math)
    settings.use(CatalogueSettings(disabled_types=frozenset({"math"})))
    for refused in (lambda: mine.enqueue("1"), lambda: mine.call("1"), lambda: mine.using(key="k").enqueue("1")):
        with pytest.raises(UnknownTaskType, match="the task type 'math' is switched off"):
            refused()
    with pytest.raises(UnknownTaskType, match="is switched off"):
        await mine.aenqueue("1")


def test_an_installed_package_brings_its_own(install: Install) -> None:
    install("shop_tasks", MODULE.format(name="ship"))
    assert handlers(None)["ship"].queue == "shop"
    assert "ship" not in app.tasks


def test_an_apps_own_task_types_win(install: Install) -> None:
    install("shop_tasks", MODULE.format(name="ship"))
    own = App()

    @own.task
    def ship(order: int) -> int:
        return order

    assert handlers(own)["ship"] is ship


@pytest.mark.parametrize(
    ("text", "attribute", "says"),
    [
        (MODULE.format(name="math"), "app", "brings a task type 'math', and there is one already"),
        ("import a_module_that_is_not_there", "app", "can't be loaded: ModuleNotFoundError"),
        ("raise SystemError('broken')", "app", "can't be loaded: SystemError: broken"),
        ("app = 1", "app", "names shop_tasks:app, which is not an App"),
        ("", "other", "can't be loaded: AttributeError"),
    ],
)
def test_a_package_that_cannot_be_used_is_named(install: Install, text: str, attribute: str, says: str) -> None:
    install("shop_tasks", text, attribute)
    with pytest.raises(InvalidSettings, match=f"the package shop_tasks .*{says}"):
        handlers(None)


PLUGIN = (
    MODULE.format(name="ship")
    + """

class Shop:
    app = app
    uploads = None
    tidied = 0

    def configure(self, configuration):
        pass

    def tidy(self):
        self.tidied += 1


shop = Shop()
"""
)


def test_a_plugin_brings_task_types_and_is_called_to_tidy(install: Install) -> None:
    install("shop_plugin", PLUGIN, "shop", "taskmill.plugins")
    plugins.cache_clear()
    assert {"ship", "math"} <= handlers(None).keys()
    tidy()
    assert sys.modules["shop_plugin"].shop.tidied == 1


def test_a_plugin_that_cannot_be_loaded_is_named(install: Install) -> None:
    install("shop_plugin", "import a_module_that_is_not_there", "shop", "taskmill.plugins")
    plugins.cache_clear()
    with pytest.raises(InvalidSettings, match=r"the package shop_plugin .*taskmill.plugins.* can't be loaded"):
        handlers(None)


def test_two_plugins_of_one_task_type_are_refused(install: Install) -> None:
    install("shop_plugin", PLUGIN.replace("ship", "math"), "shop", "taskmill.plugins")
    plugins.cache_clear()
    with pytest.raises(InvalidSettings, match="two installed packages bring a task type 'math'"):
        handlers(None)
