"""The PostgreSQL store, on an event loop and for threads without one."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.stores.postgres.database import SETTINGS
from taskmill.testing.conformance import Loopless, StoreCase, StoreSuite
from taskmill.testing.conformance.case import scenario
from taskmill.testing.conformance.claiming import Claiming
from taskmill.testing.conformance.races import Races
from taskmill.testing.conformance.registry import Registered
from taskmill.testing.conformance.saving import Saving
from tests.servers import Provisioner


class Fresh(StoreCase):
    @pytest.fixture(autouse=True)
    def databases(self, any_postgres: Provisioner) -> Iterator[None]:
        with ExitStack() as self._databases:
            self._server = any_postgres
            yield

    def fresh(self) -> str:
        return self._databases.enter_context(self._server.fresh())


class TestPostgres(Fresh, StoreSuite):
    @pytest.mark.slow
    def test_random_histories(self) -> None:
        super().test_random_histories()

    def make_store(self, folder: Path) -> Store:
        return open_store(self.fresh(), caller="loop")


@pytest.mark.slow
class TestBehindAPooler(Fresh, Claiming, Saving, Races, Registered):
    """Which takes no settings and gives each transaction to another session: nothing is prepared, nothing is heard."""

    @pytest.fixture(autouse=True)
    def without_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(SETTINGS, "a_setting_that_is_refused", "1")

    def make_store(self, folder: Path) -> Store:
        return open_store(self.fresh(), caller="worker")

    @scenario
    async def test_nothing_is_heard(self, store: Store) -> None:
        ear = store.bell.listen("ready")
        store.bell.ring("ready", ["a"])
        assert await ear.wait(0.2) == []
        ear.close()


@pytest.mark.slow
class TestForThreads(Fresh, Loopless, Races, Registered):
    def make_store(self, folder: Path) -> Store:
        return open_store(self.fresh())
