"""One course: two hosts under load, accidents, time to settle, and what the checker says of it."""

import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from tests.chaos.faults.accidents import Accident, Scene, happen, planned
from tests.chaos.faults.checker import Findings, check
from tests.chaos.faults.history import Call, read_calls, read_runs
from tests.chaos.faults.setup import HOSTS, CourseSetup, Plan
from tests.chaos.host import ROOT, Host
from tests.chaos.running import until
from tests.servers.session import Servers

SETTLE = 10.0
"""Seconds beyond the lease in which all is to be done, once nothing happens any more."""
APP = "tests.chaos.faults.app:app"
SETTINGS = {"workers": 2, "slots": 8, "poll": 0.5, "grace": 5}
QUIET = 1.0
"""Seconds of load before the first accident and after the last one."""


class Result(NamedTuple):
    plan: Plan
    accidents: list[str]
    """In brackets: what did not come to pass."""
    findings: Findings
    unanswered: int
    """Enqueues that were never acknowledged, though they were repeated until some seconds after the last accident."""
    settled: float
    """Seconds until all was done."""
    problems: list[str]


class Course:
    def __init__(self, plan: Plan, servers: Servers, directory: Path) -> None:
        self._plan = plan
        self._servers = servers
        self._directory = directory
        self._chance = random.Random(plan.seed)
        self._lease = self._chance.choice((2.0, 3.0, 4.0))
        self._runs, self._calls = directory / "runs.log", directory / "calls.log"
        self._happened: list[str] = []
        self._problems: list[str] = []

    def run(self) -> Result:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._runs.touch()
        with ExitStack() as stack:
            setup = CourseSetup(self._plan.pairing, self._servers, self._directory, stack)
            hosts = self._up(setup, stack)
            audit = setup.audit()
            audit.install()
            locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
            scene = Scene(setup, hosts, self._runs, self._lease, self._plan.length, self._chance, locks)
            self._under_load(scene, stack)
            began = time.monotonic()
            with suppress(AssertionError):  # what is stuck, the checker will tell
                until(lambda: audit.unfinished() == 0, self._lease + SETTLE, "all is done")
            settled = time.monotonic() - began
            self._stop(hosts)
            calls = read_calls(self._calls)
            findings = check(audit.history(calls, read_runs(self._runs)))
        return Result(self._plan, self._happened, findings, _unanswered(calls), settled, self._problems)

    def _up(self, setup: CourseSetup, stack: ExitStack) -> list[Host]:
        hosts = []
        for number in range(HOSTS):
            settings = SETTINGS | {"lease": self._lease}
            home, runs = self._directory / f"host-{number}", str(self._runs)
            hosts.append(Host(home, APP, setup.urls(number), settings, CHAOS_RUNS=runs))
            stack.callback(hosts[-1].kill)
            hosts[-1].start()
        until(lambda: all(host.is_up() for host in hosts), 60, "both hosts are up")
        return hosts

    def _under_load(self, scene: Scene, stack: ExitStack) -> None:
        accidents = planned(self._plan, scene.setup)
        clients = self._clients(scene, 2 * QUIET + len(accidents) * self._plan.length.apart)
        for client in clients:
            stack.callback(client.kill)
        time.sleep(QUIET)
        threads = [threading.Thread(target=self._happen, args=(accident, scene)) for accident in accidents]
        for thread in threads:
            thread.start()
            time.sleep(self._plan.length.apart * self._chance.uniform(0.7, 1.3))
        for thread in threads:
            thread.join()
        for number, client in enumerate(clients):
            if client.wait(timeout=90):
                said = (self._directory / f"client-{number}.log").read_text()[-1000:]
                self._problems.append(f"client {number} ended with {client.returncode}: {said}")

    def _happen(self, accident: Accident, scene: Scene) -> None:
        try:
            self._happened.append(accident.name if happen(accident, scene) else f"({accident.name})")
        except BaseException as error:
            self._problems.append(f"{accident.name}: {error!r}")
            raise

    def _clients(self, scene: Scene, seconds: float) -> list["subprocess.Popen[bytes]"]:
        """Two over REST, each to both servers, and one with the SDK, on the first host."""
        urls = [host.url for host in scene.hosts]
        return [self._client(scene, number, seconds, urls if number else []) for number in range(3)]

    def _client(self, scene: Scene, number: int, seconds: float, urls: list[str]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.chaos.faults.client", str(self._calls), f"{self._plan.seed}/{number}"]
        environment = scene.hosts[0].environment
        with (self._directory / f"client-{number}.log").open("wb") as output:
            return subprocess.Popen(
                [*command, str(seconds), *urls], env=environment, cwd=ROOT, stdout=output, stderr=output
            )

    def _stop(self, hosts: list[Host]) -> None:
        for number, host in enumerate(hosts):
            if host.process.poll() is not None:
                self._problems.append(f"host {number} ended: {host.said()[-500:]}")
            elif code := host.stop():
                self._problems.append(f"host {number} ended with {code}: {host.said()[-500:]}")


def _unanswered(calls: list[Call]) -> int:
    asked = {call.id for call in calls if call.op == "enqueue"}
    return len(asked - {call.id for call in calls if call.op == "enqueue" and call.answer == "stored"})
