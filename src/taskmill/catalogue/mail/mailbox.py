"""Who a mail is from or to, taken apart once; the address that is shown and the one that is asked for are the same."""

import re
from typing import NamedTuple

from taskmill.catalogue.hosts import ascii_host
from taskmill.catalogue.mail.headers import line
from taskmill.catalogue.refusal import Refusal

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII)
_LITERAL = re.compile(r"\[(?:[0-9.]{7,15}|IPv6:[0-9a-fA-F:.]{2,45})\]", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class Mailbox(NamedTuple):
    name: str
    """As readers see it; empty: none."""
    local: str
    domain: str
    """In ASCII."""

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"


def mailbox(where: str, given: str) -> Mailbox:
    """From `a@example.com` or `Name <a@example.com>`. Raises Refusal."""
    text = line(given, where).strip()
    name, opened, address = text[:-1].rpartition("<") if text.endswith(">") else ("", "", text)
    local, _, domain = address.strip().rpartition("@")
    if not local.isascii():
        raise Refusal(f"{where}: {given[:100]!r} has letters beyond ASCII before the @, which mail is not sent to here")
    if not _LOCAL.fullmatch(local) or "=?" in local or len(local) > 64:
        raise _wrong(where, given)
    try:
        host = domain if _LITERAL.fullmatch(domain) else ascii_host(domain)
    except Refusal as refused:
        raise Refusal(f"{where}: {given[:100]!r} is no mail address: {refused}") from None
    return Mailbox(_shown(name.strip(), where, given) if opened else "", local, host)


def _shown(name: str, where: str, given: str) -> str:
    if _QUOTED.fullmatch(name):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    if "<" in name or ">" in name or '"' in name or ("@" in name and ("," in name or ";" in name or ":" in name)):
        raise _wrong(where, given)
    return name


def _wrong(where: str, given: str) -> Refusal:
    return Refusal(
        f"{where}: {given[:100]!r} is no mail address; write one like name@example.com, and several as a list"
    )
