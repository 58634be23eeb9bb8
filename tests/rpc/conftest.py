from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from taskmill.rpc.taskqueue_pb2_grpc import TaskQueueStub
from taskmill.rpc.tasks_pb2_grpc import TaskServiceStub
from tests.cli.conftest import free_port, read_until, running, stop


class Served(NamedTuple):
    """A real `taskmill up` that speaks gRPC."""

    folder: Path
    target: str
    channel: grpc.Channel

    @property
    def tasks(self) -> Any:
        return TaskServiceStub(self.channel)  # type: ignore[no-untyped-call]

    @property
    def queue(self) -> Any:
        return TaskQueueStub(self.channel)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("grpc")
    with serving(folder) as one:
        yield one


class serving:  # noqa: N801  # a context manager
    def __init__(self, folder: Path, *options: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._folder, self._options, self._credentials = folder, options, credentials

    def __enter__(self) -> Served:
        port = free_port()
        args = ("--port", str(free_port()), "--grpc-port", str(port), "--workers", "1", *self._options)
        self._running = running("up", *args, cwd=self._folder)
        self._process = self._running.__enter__()
        read_until(self._process, "Ctrl-C")
        if self._credentials is None:
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        else:
            channel = grpc.secure_channel(f"localhost:{port}", self._credentials)
        self._served = Served(self._folder, f"127.0.0.1:{port}", channel)
        return self._served

    def __exit__(self, *failure: Any) -> None:
        self._served.channel.close()
        said = stop(self._process, 15)
        self._running.__exit__(*failure)
        assert "PollerCompletionQueue" not in said
        assert "\nTraceback" not in said
