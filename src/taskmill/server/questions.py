"""Questions that come over the live feed: the status of a task, answered in the JSON of REST."""

import functools

import msgspec
from msgspec import Struct

from taskmill.core.errors import TaskmillError
from taskmill.server.rest.problems import InvalidJson, encode, problem
from taskmill.service.service import Service


class StatusQuestion(Struct, forbid_unknown_fields=True):
    id: str


def answer_questions(service: Service) -> None:
    """From now on."""
    service.answer(functools.partial(answer, service))


async def answer(service: Service, question: bytes) -> bytes:
    """The status of a task, or a problem, as JSON."""
    try:
        return msgspec.json.encode(await service.status(msgspec.json.decode(question, type=StatusQuestion).id))
    except msgspec.DecodeError as error:
        wrong: TaskmillError = InvalidJson(str(error), hint='ask with {"id": "…"}')
    except TaskmillError as error:
        wrong = error
    return encode(problem(wrong))
