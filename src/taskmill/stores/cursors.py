"""Where a page of tasks ends: the age of its last task, as text that nobody should read."""

from taskmill.core.errors import InvalidRequest

NEWEST = 2**63 - 1


def position(cursor: str | None, first: int = NEWEST) -> int:
    """The age beyond which tasks come next; `first` for the first page. Raises InvalidRequest."""
    if cursor is None:
        return first
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(NEWEST))):
        raise InvalidRequest(f"the cursor {cursor[:50]!r} is not one that a page of tasks gave")
    return int(cursor)
