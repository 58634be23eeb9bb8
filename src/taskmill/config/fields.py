"""Checks for settings. Each takes a raw value (text from the environment, or what a file holds) and returns the
setting's value, or raises ValueError with a sentence that says what would be right.
"""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[object], Any]

DEFAULT_PORTS = {"http": 80, "https": 443}
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d|w)?", re.ASCII)


def setting(default: Any, check: Check, description: str) -> Any:
    """A field of Settings that carries its default, check and description."""
    return field(default=default, metadata={"check": check, "description": description})


def secret(description: str) -> Any:
    """A field for a password or key: its value is never shown, nor said in an error."""
    return field(default=None, repr=False, metadata={"check": _secret, "description": description, "secret": True})


def _secret(raw: object) -> str | None:
    if raw is not None and (not isinstance(raw, str) or not raw.strip() or not raw.strip().isprintable()):
        raise ValueError("must be text, on one line")
    return raw.strip() if isinstance(raw, str) else None


def text(what: str) -> Check:
    def check(raw: object) -> str:
        if not isinstance(raw, str) or not raw.strip():
            raise ValueError(f"must be {what}, not {raw!r}")
        return raw.strip()

    return check


def optional(check: Check) -> Check:
    return lambda raw: None if raw is None else check(raw)


def choice(*allowed: str) -> Check:
    def check(raw: object) -> str:
        word = raw.strip().lower() if isinstance(raw, str) else raw
        if word not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {raw!r}")
        return str(word)

    return check


def whole(least: int, most: int) -> Check:
    def check(raw: object) -> int:
        number = int(raw) if isinstance(raw, str) and re.fullmatch(r"\s*-?\d{1,18}\s*", raw, re.ASCII) else raw
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {raw!r}")
        return number

    return check


def duration(least: float, most: float) -> Check:
    def check(raw: object) -> float:
        seconds = seconds_of(raw)
        if seconds is None or not least <= seconds <= most:
            limits = f"from {written(least)} to {written(most)}"
            raise ValueError(f'must be a duration {limits} (seconds, or text like "15s", "5m", "7d"), not {raw!r}')
        return seconds

    return check


def names(what: str) -> Check:
    """A list of texts; in the environment and on the command line separated by commas."""

    def check(raw: object) -> tuple[str, ...]:
        parts = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(parts, list | tuple) or not parts or not all(isinstance(p, str) and p.strip() for p in parts):
            raise ValueError(f"must be {what}, not {raw!r}")
        return tuple(part.strip() for part in parts)

    return check


def origins(what: str) -> Check:
    """A list of origins as browsers send them, `scheme://host` and perhaps `:port`."""

    def check(raw: object) -> tuple[str, ...]:
        given: tuple[str, ...] = names(what)(raw)
        for origin in given:
            if wrong := _wrong_origin(origin):
                raise ValueError(f"{wrong}, not {origin!r}")
        return given

    return check


def _wrong_origin(origin: str) -> str | None:
    """A browser's Origin is compared letter by letter: one that is written in another way would never match."""
    if origin in ("*", "null"):
        return "must name the origins: there is no login yet, so every web page that somebody opens could run tasks"
    if "*" in origin:
        return "must name each origin in full, without wildcards, like https://app.example"
    try:
        parts = urlsplit(origin if "://" in origin else f"https://{origin}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "must be an origin like https://app.example"
    if not host.isascii():
        return "must have its host in ASCII, as browsers send it: xn--…"
    if not re.fullmatch(r"[\w.:-]+", host) or parts.scheme not in DEFAULT_PORTS:
        return "must be an origin like https://app.example or http://localhost:3000"
    host = f"[{host}]" if ":" in host else host
    right = f"{parts.scheme}://{host}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")
    return None if origin == right else f"must be written as browsers send it, {right}"


def networks() -> Check:
    """A list of IP networks."""

    def check(raw: object) -> tuple[str, ...]:
        import ipaddress

        try:
            return tuple(str(ipaddress.ip_network(network)) for network in names("")(raw))
        except ValueError:
            raise ValueError(f"must be a list of networks like 10.1.0.0/16, not {raw!r}") from None

    return check


def base_path() -> Check:
    def check(raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(r"(/[\w.~-]+)*/?", raw.strip(), re.ASCII):
            raise ValueError(f"must be a path like /taskmill, not {raw!r}")
        return raw.strip().rstrip("/")

    return check


def web_address() -> Check:
    def check(raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", raw.strip()):
            raise ValueError(f"must be an address like https://api.example.com, not {raw!r}")
        return raw.strip().rstrip("/")

    return check


def seconds_of(raw: object) -> float | None:
    """Seconds in a number or in text such as "15s", "5m", "7d"; None when it is neither."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return float(raw)
    match = _DURATION.fullmatch(raw.strip()) if isinstance(raw, str) else None
    return float(match[1]) * UNITS[match[2] or "s"] if match else None


def written(seconds: float) -> str:
    """A duration as one would write it: 604800 is "7d"."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"
