"""What goes in and out of every face. OpenAPI is made from these, so their words are what users read.

Times are ISO 8601 in UTC, durations seconds, a priority is a word; parameters, results, progress and errors are JSON
that passes through as it is stored.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from taskmill.core.limits import NAME_LENGTH
from taskmill.core.state import State
from taskmill.core.task import PriorityWord
from taskmill.feeds.wire import EventView as EventView

Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": NAME_LENGTH})]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
TaskId = Annotated[str, Meta(description="A UUID.", extra_json_schema={"format": "uuid"})]
Progress = Annotated[
    Raw | None, Meta(description="How far it is, or null.", examples=[{"fraction": 0.4, "note": "reading"}])
]
Failure = Annotated[
    Raw | None,
    Meta(
        description="The latest error: code, type, message, traceback; or null.",
        examples=[{"code": "exception", "type": "ValueError", "message": "no such order"}],
    ),
]


class Draft(Struct, kw_only=True, forbid_unknown_fields=True):
    """A task to be."""

    task_type: Annotated[Name, Meta(examples=["math"])]
    parameters: Annotated[
        dict[str, Any],
        Meta(description="Must fit the schema of the task type.", examples=[{"expression": "1 + 2 * 5"}]),
    ] = {}
    priority: Annotated[PriorityWord | None, Meta(description="The task type's own priority unless given.")] = None
    queue: Annotated[Name | None, Meta(description="The task type's own queue unless given.")] = None
    delay: Annotated[float | None, Meta(description="Seconds from now; not together with `run_at`.")] = None
    run_at: Annotated[Time | None, Meta(description="Not before this time (with an offset).")] = None
    expires: Annotated[
        float | None,
        Meta(description="Seconds from now: a task that has not started by then ends as cancelled, as `expired`."),
    ] = None
    expires_at: Annotated[Time | None, Meta(description="The same as a time; not together with `expires`.")] = None
    key: Annotated[
        Name | None, Meta(description="Unique among unfinished tasks: while one holds it, no second is made.")
    ] = None
    id: Annotated[TaskId | None, Meta(description="A UUID of your own: the same id makes no second task.")] = None
    tags: list[Name] = []
    meta: Annotated[
        dict[str, str | int | float | bool],
        Meta(
            description="Pairs of your own, to find it by; `traceparent` may be among them.",
            examples=[{"customer": 42}],
        ),
    ] = {}
    timeout: Annotated[float | None, Meta(description="Seconds one attempt may take.")] = None
    retries: Annotated[int | None, Meta(description="Attempts after the first; 0 is none.")] = None


class Created(Struct, kw_only=True):
    """A task that is stored."""

    id: TaskId
    created: Annotated[bool, Meta(description="False: it was there already.")]
    state: State
    task_type: str
    queue: str


class TaskSummary(Struct, kw_only=True):
    """A task without its parameters and its result."""

    id: TaskId
    task_type: str
    queue: str
    state: State
    priority: PriorityWord
    attempt: Annotated[int, Meta(description="Attempts begun so far.")]
    attempt_limit: Annotated[int, Meta(description="Attempts in all; 1 is no retry.")]
    timeout: Annotated[float | None, Meta(description="Seconds one attempt may take.")]
    key: str | None
    tags: list[str]
    meta: Annotated[
        Raw | None,
        Meta(
            description="The caller's own pairs, and `origin`: who made it, through which face.",
            examples=[{"customer": 42, "origin": {"who": "user:ada", "face": "rest"}}],
        ),
    ]
    created_at: Time
    run_at: Annotated[Time, Meta(description="Not before this time.")]
    expires_at: Annotated[Time | None, Meta(description="Not started after this time; null once it started.")]
    started_at: Time | None
    finished_at: Time | None
    worker: Annotated[str | None, Meta(description="The worker that runs it now, or by which it succeeded.")]
    cancel_requested: Annotated[bool, Meta(description="The running attempt was asked to stop.")]
    progress: Progress
    error: Failure


class TaskView(TaskSummary, kw_only=True):
    """A task."""

    parameters: Annotated[Raw, Meta(extra_json_schema={"type": "object"}, examples=[{"expression": "1 + 2 * 5"}])]
    result: Annotated[Raw | None, Meta(description="What the handler returned; null until then.", examples=[11])]


class TaskPage(Struct, kw_only=True):
    """Newest first."""

    tasks: list[TaskSummary]
    next_cursor: Annotated[str | None, Meta(description="Pass it as `cursor` for the next page; null on the last.")]


class ResultView(Struct, kw_only=True):
    """The result of a task, or how far it is."""

    id: TaskId
    state: State
    result: Annotated[Raw | None, Meta(description="What the handler returned; null until then.", examples=[11])]
    progress: Progress


class StatusView(Struct, kw_only=True, rename={"source": "from"}):
    """How far a task is."""

    id: TaskId
    state: State
    progress: Progress
    attempt: int
    version: Annotated[int, Meta(description="How often the task has changed: of two answers the greater is fresher.")]
    source: Annotated[Literal["cache", "store"], Meta(description="Who knew it.")]


class EndView(ResultView, kw_only=True):
    """How a task ended."""

    error: Failure


class GapView(Struct):
    """Some events are missing here."""

    reason: str


class AttemptView(Struct, kw_only=True):
    """One ended attempt."""

    number: Annotated[int, Meta(description="1 is the first; one that was given back shares it with the next.")]
    outcome: Annotated[str, Meta(description="How it ended.", examples=["succeeded"])]
    worker: str | None
    started_at: Time | None
    finished_at: Time
    error: Failure
    log: Annotated[
        Raw | None,
        Meta(description="What it logged.", examples=[[{"at": 1767225600000000, "level": "info", "message": "hello"}]]),
    ]


class Attempts(Struct, kw_only=True):
    """Oldest first."""

    attempts: list[AttemptView]


OneOrMore = Annotated[str | list[str], Meta(description="One, or a list of which any will do.")]


class Where(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which tasks: every condition that is given must hold."""

    state: OneOrMore = []
    queue: OneOrMore = []
    task_type: OneOrMore = []
    priority: OneOrMore = []
    tag: Annotated[str | list[str], Meta(description="One, or a list of which the task has all.")] = []
    key: str | None = None
    created_after: Time | None = None
    created_before: Time | None = None
    meta: Annotated[
        dict[str, str | int | float | bool], Meta(description="One own pair.", examples=[{"customer": 42}])
    ] = {}


class Bulk(Where, kw_only=True, forbid_unknown_fields=True):
    """Which tasks to act on. An empty filter is refused unless `all` is true."""

    all: bool = False
    dry_run: Annotated[bool, Meta(description="Only count what matches.")] = False


class Refused(Struct, kw_only=True):
    """A task that was left as it is."""

    id: TaskId
    reason: str


class BulkResult(Struct, kw_only=True):
    """What a bulk action did."""

    matched: int
    done: Annotated[int, Meta(description="0 in a dry run.")]
    dry_run: bool
    refused: Annotated[list[Refused], Meta(description="Those it could not act on, the first 100.")]


class QueueView(Struct, kw_only=True):
    """A queue and how many tasks in it are ready, running and scheduled."""

    name: str
    paused: bool
    ready: int
    running: int
    scheduled: int


class Queues(Struct, kw_only=True):
    queues: list[QueueView]


class Paused(Struct, kw_only=True):
    """Whether workers leave a queue alone."""

    name: str
    paused: bool


class WorkerView(Struct, kw_only=True):
    """A worker process."""

    id: str
    alive: Annotated[bool, Meta(description="It was seen within the last 20 seconds.")]
    host: str
    pid: int
    version: str
    queues: Annotated[list[str] | None, Meta(description="The queues it serves; null is all.")]
    task_types: Annotated[list[str] | None, Meta(description="Those it can run; null: it does not say.")]
    slots: int
    running: int
    started_at: Time
    seen_at: Time


class Workers(Struct, kw_only=True):
    workers: list[WorkerView]


class TaskTypeView(Struct, kw_only=True):
    """A task type, as workers registered it."""

    name: str
    description: str
    queue: str
    schema: Annotated[
        Raw,
        Meta(
            description="JSON Schema of the parameters.",
            extra_json_schema={"type": "object"},
            examples=[{"type": "object", "properties": {"expression": {"type": "string"}}}],
        ),
    ]
    attempt_limit: int
    timeout: float | None
    example: Annotated[dict[str, Any], Meta(description="Parameters of the right shape.")]
    workers: Annotated[int, Meta(description="Live workers that have it now; 0: its tasks wait for one.")]


class TaskTypes(Struct, kw_only=True):
    task_types: list[TaskTypeView]


class StatsView(Struct, kw_only=True):
    """How many tasks are in each state."""

    states: Annotated[dict[str, int], Meta(examples=[{"ready": 3, "running": 1, "succeeded": 20}])]
    total: int
    oldest_ready: Annotated[Time | None, Meta(description="Since when the ready task that waits longest has been due.")]


class Readiness(Struct, kw_only=True):
    """Whether a task can be stored, and whether a worker would claim it."""

    can_store: bool
    can_claim: bool
    why: Annotated[list[str], Meta(description="What is missing.")]

    @property
    def ready(self) -> bool:
        return self.can_store and self.can_claim
