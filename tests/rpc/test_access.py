"""Over gRPC too: who has no token is not let in, who may not see payloads sees none, and HTTPS is one switch."""

from pathlib import Path

import grpc
import pytest
import trustme

from taskmill.rpc import tasks_pb2 as pb
from tests.cli.conftest import call_real
from tests.rpc.conftest import Served, serving

pytestmark = pytest.mark.slow
SECRET = "s3cret-word"


def token(folder: Path, name: str, *scopes: str) -> list[tuple[str, str]]:
    options = [part for scope in scopes for part in ("--scope", scope)]
    made = call_real("token", "create", name, *options, cwd=folder)
    assert made.returncode == 0, made.stderr
    return [("authorization", f"Bearer {made.stdout.strip()}")]


def test_tokens_and_what_they_hide(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        may = token(tmp_path, "all", "read", "payloads", "submit", "operate")
        blind = token(tmp_path, "blind", "read")
        draft = pb.Draft(task_type="message", parameters=b'{"message": "' + SECRET.encode() + b'"}')
        request = pb.SubmitTaskRequest(task=draft)
        for metadata in ([], [("authorization", "Bearer tmk_x")], [("authorization", "Basic eA==")]):
            with pytest.raises(grpc.RpcError) as nobody:
                served.tasks.SubmitTask(request, metadata=metadata)
            assert nobody.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as forbidden:
            served.tasks.SubmitTask(request, metadata=blind)
        assert forbidden.value.code() is grpc.StatusCode.PERMISSION_DENIED
        id = served.tasks.SubmitTask(request, metadata=may).task.id
        assert SECRET in shown(served, id, may)
        assert SECRET not in shown(served, id, blind)
        watched = served.tasks.WatchTasks(pb.WatchTasksRequest(), metadata=blind, timeout=20)
        call_real("token", "revoke", "blind", cwd=tmp_path)
        assert all(response.event.id != id for response in watched), "it ends"


def shown(served: Served, id: str, metadata: list[tuple[str, str]]) -> str:
    tasks = served.tasks
    seen = [
        tasks.GetTaskResult(pb.GetTaskResultRequest(id=id, wait_seconds=20), metadata=metadata),
        tasks.GetTask(pb.GetTaskRequest(id=id), metadata=metadata),
        tasks.ListTasks(pb.ListTasksRequest(), metadata=metadata),
        tasks.ListAttempts(pb.ListAttemptsRequest(id=id), metadata=metadata),
        *tasks.WatchTask(pb.WatchTaskRequest(id=id), metadata=metadata),
    ]
    return "\n".join(map(str, seen))


def test_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    options = ("--tls-certificate", str(chain), "--tls-key", str(key))
    with serving(tmp_path, *options, credentials=credentials) as served:
        assert served.tasks.GetStats(pb.GetStatsRequest()).total == 0
