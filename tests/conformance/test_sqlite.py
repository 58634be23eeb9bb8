"""The SQLite store, on the calling thread and in a thread of its own."""

from pathlib import Path

import pytest

from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.testing.conformance import Loopless, StoreSuite


class TestInline(StoreSuite, Loopless):
    def make_store(self, folder: Path) -> Store:
        return open_store(f"sqlite:///{folder}/tasks.db")


@pytest.mark.slow
class TestThreaded(StoreSuite):
    def make_store(self, folder: Path) -> Store:
        return open_store(f"sqlite:///{folder}/tasks.db", caller="loop", durability="process")
