"""What every store must do, as tests. A new store needs no more than this:

    class TestMyStore(StoreSuite):
        def make_store(self, folder: Path) -> Store:
            return MyStore(folder / "tasks.db")

`make_store` is called once a test with an empty folder, and gives a store that is not open yet and has no tasks. A
store whose verbs never suspend can be used without an event loop; it is held to `Loopless` as well.
pytest and Hypothesis must be installed. Races are named after the systems in which they were met.
"""

from taskmill.testing.conformance.adding import Adding
from taskmill.testing.conformance.bell import Loopless, Ringing
from taskmill.testing.conformance.case import StoreCase
from taskmill.testing.conformance.claiming import Claiming
from taskmill.testing.conformance.copying import Copying
from taskmill.testing.conformance.leases import Leases
from taskmill.testing.conformance.machine import Moves
from taskmill.testing.conformance.model import RandomHistories
from taskmill.testing.conformance.numbering import Numbering
from taskmill.testing.conformance.purging import Purging
from taskmill.testing.conformance.races import Races
from taskmill.testing.conformance.records import Recorded
from taskmill.testing.conformance.registry import Registered
from taskmill.testing.conformance.saving import Saving
from taskmill.testing.conformance.views import Views

__all__ = ["Loopless", "StoreCase", "StoreSuite"]


class StoreSuite(
    Adding,
    Claiming,
    Saving,
    Leases,
    Races,
    Moves,
    Purging,
    Views,
    Copying,
    Numbering,
    Registered,
    Recorded,
    Ringing,
    RandomHistories,
):
    """All of it."""
