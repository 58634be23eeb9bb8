"""The server process: `python -m taskmill.supervisor.server PLAN`."""

from taskmill.server.asgi import serve
from taskmill.supervisor.childhood import begin, end_with_supervisor, guarded, tell_ready


def main() -> None:
    child = begin("server")
    plan, server = child.plan, child.plan.server
    assert server is not None
    end_with_supervisor()
    guarded(
        lambda: serve(
            plan.store, plan.durability, server.host, server.port, server.cors, on_ready=lambda: tell_ready(child)
        )
    )


if __name__ == "__main__":
    main()
