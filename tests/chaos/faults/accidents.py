"""What may happen in a course, each from its beginning to its end."""

import contextlib
import functools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg

from tests.chaos.faults import dying
from tests.chaos.faults.setup import PAIRINGS, CourseSetup, Length, Plan
from tests.chaos.host import Host


class Scene(NamedTuple):
    """What an accident may lay hands on."""

    setup: CourseSetup
    hosts: list[Host]
    runs: Path
    lease: float
    length: Length
    chance: random.Random
    locks: defaultdict[str, threading.Lock]
    """One accident at a time for each kind of server, and for the processes."""


class Accident(NamedTuple):
    name: str
    on: str
    """Which lock it takes."""
    happen: Callable[[Scene], None]


def _some_worker(scene: Scene) -> psutil.Process:
    return _some([worker for host in scene.hosts for worker in host.workers()], scene)


def _some(processes: list[psutil.Process], scene: Scene) -> psutil.Process:
    if not processes:
        raise psutil.NoSuchProcess(0)
    return scene.chance.choice(processes)


def kill_worker(scene: Scene) -> None:
    _some_worker(scene).kill()


def kill_server(scene: Scene) -> None:
    _some([server for host in scene.hosts for server in host.servers()], scene).kill()


def freeze_worker(scene: Scene) -> None:
    """Beyond its lease: it wakes up when others have its tasks."""
    worker = _some_worker(scene)
    worker.suspend()
    time.sleep(scene.lease + 1.5)
    worker.resume()


def die_before_acknowledging(scene: Scene) -> None:
    """Between the claim and the acknowledgement of its ticket; not while no ticket comes."""
    worker = _some_worker(scene)
    ordered = dying.order(scene.runs, worker.pid)
    try:
        worker.wait(timeout=5)
    finally:
        ordered.unlink()


def stop_rabbitmq(scene: Scene) -> None:
    scene.setup.servers.rabbitmq.stop()
    time.sleep(scene.length.rabbitmq_away)
    scene.setup.servers.rabbitmq.start()


def restart_rabbitmq(scene: Scene) -> None:
    scene.setup.servers.rabbitmq.restart()


def wipe_rabbitmq(scene: Scene) -> None:
    server = scene.setup.servers.rabbitmq
    server.wipe()
    server.start()
    server.node.add_vhost(scene.setup.vhost)


def block_rabbitmq(scene: Scene) -> None:
    """Its memory alarm."""
    scene.setup.servers.rabbitmq.set_alarm("memory", True)
    time.sleep(3)
    scene.setup.servers.rabbitmq.set_alarm("memory", False)


def flush_redis(scene: Scene) -> None:
    scene.setup.servers.redis.flush()


def restart_redis(scene: Scene) -> None:
    scene.setup.servers.redis.restart()


def kill_postgres(scene: Scene) -> None:
    scene.setup.servers.postgres.kill()
    time.sleep(scene.chance.uniform(0.0, 2.0))
    scene.setup.servers.postgres.start()


def terminate_connections(scene: Scene) -> None:
    scene.setup.servers.postgres.terminate_connections()


def take_all_connections(scene: Scene) -> None:
    """Of PostgreSQL, for a few seconds, and those of its clients as well."""
    url = scene.setup.servers.postgres.url
    until, taken = time.monotonic() + 3, _connections(url)
    try:
        own = [connection.info.backend_pid for connection in taken]
        taken[0].execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend'"
            " and not pid = any(%s)",
            [own],
        )
        while time.monotonic() < until:
            taken += _connections(url)
            time.sleep(0.05)
    finally:
        for connection in taken:
            connection.close()


def _connections(url: str) -> list["psycopg.Connection[object]"]:
    """All that are to be had."""
    taken: list[psycopg.Connection[object]] = []
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            taken.append(psycopg.connect(url, autocommit=True, connect_timeout=5))
    return taken


def _link(how: str, seconds: float, kind: str, scene: Scene) -> None:
    """Of one host to one server."""
    link = scene.chance.choice(scene.setup.links)[kind]
    getattr(link, how)(*((200,) if how == "slow" else ()))
    time.sleep(seconds if how != "half_open" else scene.length.half_open)
    link.pass_on()


OF_PROCESSES = {
    "worker killed": kill_worker,
    "server killed": kill_server,
    "worker frozen": freeze_worker,
}
OF_SERVERS: dict[str, dict[str, Callable[[Scene], None]]] = {
    "postgres": {
        "postgres killed": kill_postgres,
        "connections terminated": terminate_connections,
        "out of connections": take_all_connections,
    },
    "rabbitmq": {
        "rabbitmq stopped": stop_rabbitmq,
        "rabbitmq restarted": restart_rabbitmq,
        "rabbitmq wiped": wipe_rabbitmq,
        "rabbitmq blocked": block_rabbitmq,
    },
    "redis": {
        "redis flushed": flush_redis,
        "redis restarted": restart_redis,
    },
}
OF_LINKS = {"cut": 2.0, "slow": 4.0, "half_open": 0.0}


def possible(setup: CourseSetup) -> list[Accident]:
    found = [Accident(name, "processes", happen) for name, happen in OF_PROCESSES.items()]
    if "broker" in setup.components:
        found.append(Accident("death before acknowledging", "processes", die_before_acknowledging))
    for kind in setup.kinds:
        found += [Accident(name, kind, happen) for name, happen in OF_SERVERS[kind].items()]
        found += [
            Accident(f"{kind} link {how}", kind, functools.partial(_link, how, seconds, kind))
            for how, seconds in OF_LINKS.items()
        ]
    return found


def planned(plan: Plan, setup: CourseSetup) -> list[Accident]:
    """Those that are named; else some, so that the courses of one pairing go through all there are."""
    deck = possible(setup)
    if plan.accidents:
        named = {accident.name: accident for accident in deck}
        return [named[name] for name in plan.accidents]
    random.Random(len(deck)).shuffle(deck)
    first = plan.seed // len(PAIRINGS) * plan.length.accidents
    return [deck[number % len(deck)] for number in range(first, first + plan.length.accidents)]


def happen(accident: Accident, scene: Scene) -> bool:
    """Whether it came to pass."""
    with scene.locks[accident.on]:
        try:
            accident.happen(scene)
        except (psutil.NoSuchProcess, psutil.TimeoutExpired):
            return False
        return True
