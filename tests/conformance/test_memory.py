"""The memory store, which is the reference."""

from pathlib import Path

from taskmill.stores.contract import Store
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance import StoreSuite


class TestMemory(StoreSuite):
    def make_store(self, folder: Path) -> Store:
        return MemoryStore()
