"""What can go wrong with a request that a later one may not meet."""


class Unreachable(Exception):
    """No answer, or no whole one; another try may get it."""


class ServerFault(Exception):
    """The server says that it cannot answer now."""
