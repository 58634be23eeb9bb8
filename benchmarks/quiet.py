"""An idle `taskmill up` with two workers: processor time of all its processes, in percent of one core."""

import time

from benchmarks.running import up

SECONDS = 30.0


def main() -> None:
    with up() as taskmill:
        time.sleep(3)
        before, began = taskmill.cpu(), time.monotonic()
        time.sleep(SECONDS)
        percent = (taskmill.cpu() - before) / (time.monotonic() - began) * 100
        processes = taskmill.tree()
        memory = sum(process.memory_info().rss for process in processes) / 2**20
    print(f"idle for {SECONDS:.0f} s: {percent:.2f} % of one core, {memory:.0f} MB RSS in {len(processes)} processes")
