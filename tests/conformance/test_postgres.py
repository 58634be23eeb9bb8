"""The PostgreSQL store, on an event loop and for threads without one."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.testing.conformance import Loopless, StoreCase, StoreSuite
from taskmill.testing.conformance.races import Races
from taskmill.testing.conformance.registry import Registered
from tests.servers import Place


class Fresh(StoreCase):
    @pytest.fixture(autouse=True)
    def databases(self, any_postgres: Place) -> Iterator[None]:
        with ExitStack() as self._databases:
            self._server = any_postgres
            yield

    def fresh(self) -> str:
        return self._databases.enter_context(self._server.fresh())


class TestPostgres(Fresh, StoreSuite):
    def make_store(self, folder: Path) -> Store:
        return open_store(self.fresh(), caller="loop")


class TestForThreads(Fresh, Loopless, Races, Registered):
    def make_store(self, folder: Path) -> Store:
        return open_store(self.fresh())
