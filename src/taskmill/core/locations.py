"""URLs of servers in parts: `scheme://user:password@host:port/path?cafile=…`. Nothing shown of one holds a secret.

User, password and path may be percent-encoded. For schemes that speak TLS: `cafile` (certificates to trust, else the
system's), `certfile` and `keyfile` (to show to the server), `verify=no` (trust anybody).
"""

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from taskmill.core.errors import InvalidSettings

if TYPE_CHECKING:
    import ssl

TLS_OPTIONS = ("cafile", "certfile", "keyfile", "verify")
VERIFY = {"yes": True, "no": False}
ENCODE = "in user and password write / as %2F, @ as %40, : as %3A, # as %23, ? as %3F and % as %25"


class Location(NamedTuple):
    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None
    path: str
    """Without the slash before it, decoded."""
    tls: dict[str, str] | None
    """Options of TLS; None: no TLS."""

    @property
    def shown(self) -> str:
        """To people: without user, password and options."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.path}"

    def tls_context(self) -> "ssl.SSLContext | None":
        """Raises InvalidSettings when a file of it can't be used."""
        return None if self.tls is None else _context(self.tls)


def locate(url: str, port: int, *, tls: bool) -> Location:
    """`port` when the URL has none. Raises InvalidSettings, without a word of the URL that may be a secret."""
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        raise InvalidSettings(f"the {parts.scheme}:// URL has an @ behind the host", hint=ENCODE)
    try:
        port = parts.port or port
    except ValueError:
        raise InvalidSettings(f"the port in the {parts.scheme}:// URL is no number", hint=ENCODE) from None
    return Location(
        parts.scheme,
        parts.hostname or "localhost",
        port,
        parts.username and unquote(parts.username),
        parts.password and unquote(parts.password),
        unquote(parts.path[1:]),
        _options(parts, tls),
    )


def _options(parts: SplitResult, tls: bool) -> dict[str, str] | None:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in TLS_OPTIONS:
            raise InvalidSettings(
                f"{name!r} is no option of a {parts.scheme}:// URL", hint=f"known are {', '.join(TLS_OPTIONS)}"
            )
        if not tls:
            raise InvalidSettings(f"{name!r} is for TLS", hint=f"{parts.scheme}s:// speaks TLS")
    if options.get("verify", "yes") not in VERIFY:
        raise InvalidSettings("'verify' must be yes or no")
    return options if tls else None


def _context(options: dict[str, str]) -> "ssl.SSLContext":
    import ssl  # megabytes, which most do without

    try:
        context = ssl.create_default_context(cafile=options.get("cafile"))
        if not VERIFY[options.get("verify", "yes")]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if "certfile" in options:
            context.load_cert_chain(options["certfile"], options.get("keyfile"))
    except OSError as error:
        files = ", ".join(value for name, value in options.items() if name != "verify")
        raise InvalidSettings(f"TLS can't be set up with {files}: {error}") from None
    return context
