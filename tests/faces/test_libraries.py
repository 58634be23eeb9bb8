"""What the server relies on beyond the public interface of its libraries: these fail when a new release changes it."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import msgspec
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from taskmill.server.asgi import QuietServer, listen
from taskmill.server.rest.decoding import FIELD, PLACE


async def no_app(scope: Scope, receive: Receive, send: Send) -> None: ...


async def test_uvicorn_calls_what_the_quiet_server_overrides() -> None:
    called: list[str] = []
    looping = asyncio.Event()

    class Watched(QuietServer):
        async def main_loop(self) -> None:
            called.append("main_loop")
            looping.set()
            await super().main_loop()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            called.append("capture_signals")
            with super().capture_signals():
                yield

    assert {"main_loop", "capture_signals"} <= set(vars(uvicorn.Server))
    server, before = Watched(no_app), signal.getsignal(signal.SIGTERM)
    with listen("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        await looping.wait()
        assert signal.getsignal(signal.SIGTERM) is before
        assert not serving.done()
        server.stop()
        await serving
    assert called == ["capture_signals", "main_loop"]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    count: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[Inner]


@pytest.mark.parametrize(
    ("body", "what", "path"),
    [
        (b"{}", "Object missing required field `inner`", None),
        (b'{"inner":[],"x y`z":1}', "Object contains unknown field `x y`z`", None),
        (b'{"inner":[{}]}', "Object missing required field `count`", "$.inner[0]"),
        (b'{"inner":[{"count":"1"}]}', "Expected `int`, got `str`", "$.inner[0].count"),
        (b'{"inner":7}', "Expected `array`, got `int`", "$.inner"),
    ],
)
def test_msgspec_says_what_is_wrong_and_where(body: bytes, what: str, path: str | None) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(body, type=Outer)
    assert str(wrong.value) == what + (f"{PLACE}{path}`" if path else "")
    if "field" in what:
        field = FIELD.fullmatch(what)
        assert field is not None
        assert field["name"] in ("inner", "count", "x y`z")
