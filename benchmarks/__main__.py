"""Measure Taskmill on this machine.

python -m benchmarks                  all of them
python -m benchmarks rest quiet       some of them

peers    on SQLite beside huey, workload by workload, in turns (needs PEERBENCH, a checkout of peerbench)
peers-postgres
         on PostgreSQL, alone, with RabbitMQ and with Redis, beside procrastinate, dramatiq and celery (needs PEERBENCH)
rest     POST /api/tasks over 32 connections (needs wrk), and how soon an idle worker starts a task sent by REST
faces    gRPC beside REST, and REST with a token, in turns
flat     claim, save, add and list with a thousand and a million tasks waiting, and a million finished
flat-postgres
         the same on a private PostgreSQL, and how its tables look after half a million tasks have gone through
quiet    the processor time of an idle `taskmill up` with two workers
share    what share of SQLite's own rate is reached, and a profile of the rest
"""

import argparse
import importlib
import os
import sys

NAMES = ("peers", "peers-postgres", "rest", "faces", "flat", "flat-postgres", "quiet", "share")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or [name for name in NAMES if "peers" not in name or "PEERBENCH" in os.environ]
    if unknown := set(names) - set(NAMES):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in names:
        print(f"\n## {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name.replace('-', '_')}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
