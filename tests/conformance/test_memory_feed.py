"""The memory feed, which is the reference."""

import pytest

from taskmill.feeds.contract import Feed
from taskmill.feeds.memory import MemoryFeed
from taskmill.testing.conformance.feeds import FeedSuite


class TestMemory(FeedSuite):
    @pytest.fixture(autouse=True)
    def _one_place(self) -> None:
        self.location: MemoryFeed | None = None

    def make_feed(self) -> Feed:
        self.location = self.location or MemoryFeed()
        return self.location
