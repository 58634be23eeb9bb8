"""What `up`, `server` and `worker` say once everything runs. Without secrets."""

from pathlib import Path

from taskmill.config.masking import masked
from taskmill.config.settings import Settings
from taskmill.supervisor.plan import Plan


def ready_text(plan: Plan) -> str:
    lines = [f"Taskmill is up on {_place(plan.store)}", *(f"  {line}" for line in _parts(plan))]
    lines += ["Try next, in another terminal:", *(f"  {line}" for line in _next(plan))]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def _parts(plan: Plan) -> list[str]:
    lines = []
    if plan.server:
        lines.append(f"server   http://{_host(plan.server.host)}:{plan.server.port}")
    if plan.workers:
        served = ",".join(plan.settings.queues) if plan.settings.queues else "all queues"
        lines.append(f"workers  {plan.workers}, for {served}")
    if plan.broker:
        lines.append(f"broker   {masked(plan.broker)}")
    if plan.feed:
        lines.append(f"feed     {masked(plan.feed)}")
    return lines


def _next(plan: Plan) -> list[str]:
    store = _flag("store", plan.store)
    places = store + _flag("broker", plan.broker) + _flag("feed", plan.feed)
    queues = plan.settings.queues
    if plan.app or (queues and "default" not in queues):
        return [f"taskmill types{store}", f"taskmill watch{places}"]
    lines = [f'taskmill submit{places} -T math -P "1 + 2 * 5"', f"taskmill watch{places}"]
    if plan.server is None:
        return [*lines, f"taskmill types{store}"]
    url = f"http://{_host(plan.server.host)}:{plan.server.port}/api/tasks"
    body = '{"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}}'
    return [*lines, f"curl {url} -H 'Content-Type: application/json' -d '{body}'"]


def _flag(key: str, url: str | None) -> str:
    """As one has to give it again. A URL with a password is not for a command line: others can read it there."""
    if url is None or url == getattr(Settings(), key) or masked(url) != url:
        return ""
    return f" --{key} {url}"


def _place(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    return masked(url) if path == url else str(Path(path).absolute())


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
