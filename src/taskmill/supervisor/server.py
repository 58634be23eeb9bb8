"""The server process: `python -m taskmill.supervisor.server server`, with the plan on its standard input."""

from taskmill.catalogue import settings
from taskmill.server.asgi import serve
from taskmill.supervisor.bootstrap import begin, guarded, tell_ready


def main() -> None:
    child = begin()
    plan, server = child.plan, child.plan.server
    assert server is not None
    settings.use(settings.from_config(plan.catalogue, plan.place.store, plan.place.durability))
    guarded(
        lambda: serve(
            plan.place,
            server.host,
            server.port,
            server.cors,
            on_ready=lambda: tell_ready(child),
            lifeline=0,
        )
    )


if __name__ == "__main__":
    main()
