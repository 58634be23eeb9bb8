"""REST: durable POST /api/tasks over 32 connections, and the way of a lone task to an idle worker."""

import http.client
import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from typing import Any

import apsw

from benchmarks.running import MeasuredTaskmill, up

BODY = '{"task_type":"message","parameters":{"message":"hello"}}'
SCRIPT = f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{BODY}'
"""
ROUNDS = 3
SAMPLES = 500


def main() -> None:
    if shutil.which("wrk") is None:
        print("wrk is missing: apt-get install wrk")
    else:
        with up(
            "--queues", "nobody-sends-here"
        ) as taskmill:  # workers run and claim nothing: enqueue alone is measured
            throughput(taskmill, "workers idle")
        with up() as taskmill:
            throughput(taskmill, "two workers running what is sent")
    with up() as taskmill:
        latency(taskmill)


def throughput(taskmill: MeasuredTaskmill, what: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        command = ["wrk", "-t1", "-c32", "-d4s", "--latency", "-s", script.name, f"{taskmill.url}/api/tasks"]
        for _ in range(ROUNDS):
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rate = re.search(r"Requests/sec:\s+([\d.]+)", answer)
            tail = re.search(r"^ +99% +(\S+)$", answer, re.MULTILINE)
            assert rate, answer
            assert tail, answer
            failures = re.search(r"Non-2xx or 3xx responses: (\d+)", answer)
            print(f"POST /api/tasks, {what}: {float(rate[1]):,.0f} per s, p99 {tail[1]}", end="")
            print(f", {failures[1]} FAILED" if failures else "")


def latency(taskmill: MeasuredTaskmill) -> None:
    """From before the request is sent to the start of the attempt, by the clock of this machine."""
    connection = http.client.HTTPConnection(taskmill.url.removeprefix("http://"))
    sent: dict[str, int] = {}
    for _ in range(SAMPLES):
        time.sleep(random.uniform(0.002, 0.02))
        at = time.time_ns() // 1000
        connection.request("POST", "/api/tasks", BODY, {"Content-Type": "application/json"})
        sent[json.loads(connection.getresponse().read())["id"]] = at
    time.sleep(0.5)
    store = apsw.Connection(taskmill.store.removeprefix("sqlite:///"))
    started: dict[Any, Any] = {str(id): at for id, at in store.execute("select id, started_at from task")}
    store.close()
    milliseconds = sorted((started[id] - at) / 1000 for id, at in sent.items())
    p99 = milliseconds[int(len(milliseconds) * 0.99)]
    print(f"sent by REST → started: p50 {statistics.median(milliseconds):.2f} ms, p99 {p99:.2f} ms, n {SAMPLES}")
