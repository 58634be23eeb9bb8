"""The memory store, which is the reference."""

from pathlib import Path

from taskmill.stores.contract import Store
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance import Loopless, StoreSuite


class TestMemory(StoreSuite, Loopless):
    def make_store(self, folder: Path) -> Store:
        return MemoryStore()
