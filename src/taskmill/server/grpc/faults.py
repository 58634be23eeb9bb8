"""Errors as google.rpc.Status with details, by the one table of service/errors.py."""

import logging
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status

from taskmill.core.errors import StoreError, TaskError, TaskmillError, TooManyAttempts
from taskmill.service.errors import KINDS

log = logging.getLogger(__name__)
DOMAIN = "taskmill"
RETRY_AFTER = 2.0
"""Seconds."""


async def abort(context: Any, error: TaskmillError) -> NoReturn:
    if isinstance(error, StoreError):
        log.warning("the store failed: %s", error)
    await context.abort_with_status(to_status(status(error)))
    raise AssertionError("abort raises")


def status(error: TaskmillError) -> Status:
    code = grpc.StatusCode[KINDS[error.code].grpc]
    info = ErrorInfo(reason=error.code.upper(), domain=DOMAIN)
    if error.hint:
        info.metadata["hint"] = error.hint
    if isinstance(error, TaskError) and error.failure:
        info.metadata["error"] = error.failure
    found = Status(code=code.value[0], message=str(error))
    found.details.append(_packed(info))
    if error.problems:
        violations = [BadRequest.FieldViolation(field=path, description=why) for path, why in error.problems]
        found.details.append(_packed(BadRequest(field_violations=violations)))
    if code is grpc.StatusCode.UNAVAILABLE or isinstance(error, TooManyAttempts):
        after = error.retry_after if isinstance(error, TooManyAttempts) else RETRY_AFTER
        delay = Duration()
        delay.FromMilliseconds(round(after * 1000))
        found.details.append(_packed(RetryInfo(retry_delay=delay)))
    return found


def _packed(detail: Any) -> Packed:
    packed = Packed()
    packed.Pack(detail)
    return packed
