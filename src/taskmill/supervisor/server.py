"""The server process: `python -m taskmill.supervisor.server server`, with the plan on its standard input."""

from taskmill.plugins import configure
from taskmill.server.asgi import serve
from taskmill.supervisor.bootstrap import receive_plan, report, run_or_exit
from taskmill.supervisor.plan import READY, ChildPlan


def main() -> None:
    child = receive_plan()
    run_or_exit(lambda: _serve(child))


def _serve(child: ChildPlan) -> None:
    plan, server = child.plan, child.plan.server
    assert server is not None
    configure(plan.configuration)
    serve(
        plan.connection,
        server,
        on_ready=lambda: report(child, READY),
        lifeline=child.lifeline_fd,
        disabled_types=plan.configuration.disabled_types,
        event_loop="asyncio" if plan.event_loop == "asyncio" else "auto",
    )


if __name__ == "__main__":
    main()
