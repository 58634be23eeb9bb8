"""The certificate of a server: from two files, which may be renewed while it serves."""

import asyncio
import logging
import os
import ssl

from taskmill.core.errors import InvalidSettings

log = logging.getLogger(__name__)
LOOK_EVERY = 60.0
"""Seconds between two looks at whether the files have changed."""


class Certificate:
    def __init__(self, certificate: str, key: str | None) -> None:
        """`key`: None when it is in the same file. Raises InvalidSettings."""
        self._files = (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._seen = self._stamps()
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            where = f"tls_certificate {certificate}" + (f" with tls_key {key}" if key else "")
            raise InvalidSettings(f"{where} cannot be used: {_reason(error)}", hint="both are files in PEM") from None

    async def renew(self) -> None:
        """From now on, new connections get what the files hold then."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.look()

    def look(self) -> None:
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            log.error("the renewed certificate cannot be used, so the old one stays: %s", _reason(error))
        else:
            log.info("the certificate was renewed")

    def _load(self) -> None:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files, password=_no_password)  # fails first
        self.context.load_cert_chain(*self._files, password=_no_password)

    def _stamps(self) -> list[tuple[int, int]]:
        return [(found.st_mtime_ns, found.st_ino) for file in self._files if file and (found := _stat(file))]


def _stat(file: str) -> os.stat_result | None:
    try:
        return os.stat(file)
    except OSError:
        return None


def _no_password() -> str:
    """Else OpenSSL asks at the terminal."""
    raise OSError("the key is encrypted, which would need a password at each start")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return {"KEY_VALUES_MISMATCH": "the key is not that of the certificate"}.get(error.reason or "", str(error))
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)
