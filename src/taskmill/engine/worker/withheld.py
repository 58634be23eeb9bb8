"""What of an attempt stays out of the store: secrets of the settings, and where files lie on this machine.

Libraries write what they were given into log lines, errors and URLs, so every text is looked through at the door.
"""

import functools
import json
import os
import re
import sys
import sysconfig
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from taskmill.core.outcome import Cancel, Fail, Outcome, Raised, Retry, Returned

SHORTEST = 6
"""Characters of a secret that is masked: a shorter one would be found in words that have nothing to do with it."""
MASK = "***"

_secrets: re.Pattern[str] | None = None
_forms: tuple[str, ...] = ()
"""Of all secrets, longest first."""
_full_paths = False

_FILE = re.compile(r'(?<=File ")/[^"\n]*/(?=[^"/\n]*")')


def withhold(secrets: Iterable[str], *, full_paths: bool = False) -> None:
    """For the whole process: mask these wherever they appear; leave paths in tracebacks as they are, or not."""
    global _secrets, _forms, _full_paths
    forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _written(secret)}
    _forms = tuple(sorted(forms, key=len, reverse=True))
    _secrets = re.compile("|".join(map(re.escape, _forms))) if forms else None
    _full_paths = full_paths


def masked(text: str) -> str:
    """Without secrets, however they are written; also where a limit cut one in two."""
    if _secrets is None:
        return text
    text = _secrets.sub(MASK, text)
    for form in _forms:
        at = text.rfind(form[:SHORTEST], max(0, len(text) - len(form)))
        if at >= 0 and form.startswith(text[at:]):
            text = text[:at] + MASK
        end = text.find(form[-SHORTEST:], 0, len(form)) + SHORTEST
        if end >= SHORTEST and form.endswith(text[:end]):
            text = MASK + text[end:]
    return text


def kept(outcome: Outcome) -> Outcome:
    """The outcome as it may be stored."""
    match outcome:
        case Returned(result):
            if _secrets is None or not _secrets.search(result):
                return outcome
            return Returned(json.dumps(_without_secrets(json.loads(result)), ensure_ascii=False))
        case Raised(failure):
            trace = None if failure.traceback is None else masked(_shortened(failure.traceback))
            return outcome._replace(failure=failure._replace(message=masked(failure.message), traceback=trace))
        case Retry(delay=delay):
            return Retry(delay, masked(str(outcome)))
        case Cancel():
            return Cancel(masked(str(outcome)))
        case Fail():
            return Fail(masked(str(outcome)))
    return outcome


def _without_secrets(value: Any) -> Any:
    """Of what JSON holds, in texts alone: a number stays one."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {masked(name): _without_secrets(one) for name, one in value.items()}
    return value


def _written(secret: str) -> Iterator[str]:
    """As it is, in a URL, in JSON's or Python's quotes, and in base64 after any number of other bytes."""
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    escaped = secret.replace("\\", "\\\\")
    yield from (escaped, escaped.replace('"', '\\"'), escaped.replace("'", "\\'"), json.dumps(secret)[1:-1])
    content = secret.encode()
    for before in range(3):
        first, end = -(-before * 8 // 6), (before + len(content)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            packed = encode(bytes(before) + content).decode()
            yield from (packed[first:end], packed[first:])


def _shortened(traceback: str) -> str:
    """Files named from the folder that they are imported from, others by their name alone."""
    if _full_paths:
        return traceback
    return _FILE.sub("", _folders((*sys.path, os.getcwd())).sub("", traceback))


@functools.lru_cache(maxsize=4)
def _folders(paths: tuple[str, ...]) -> re.Pattern[str]:
    places = {os.path.abspath(path) for path in (*paths, *sysconfig.get_paths().values(), sys.prefix) if path}
    longest_first = sorted(places - {"/"}, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})/")
