"""What came of some courses, for people."""

from collections.abc import Sequence

from tests.chaos.faults.course import Result

HEAD = (
    "seed",
    "pairing",
    "tasks",
    "lost",
    "doubled",
    "recorded twice",
    "stuck",
    "other",
    "gap s",
    "settled s",
    "accidents",
)


def rows(result: Result) -> tuple[str, ...]:
    found = result.findings
    named = [
        found.count("lost") + result.unanswered,
        found.doubled,
        found.count("recorded_twice"),
        found.count("stuck"),
    ]
    other = len(found.violations) - found.count("lost", "recorded_twice", "stuck") + len(result.problems)
    numbers = [found.tasks, *named, other]
    times = (f"{found.gap:.1f}", f"{result.settled:.1f}")
    return (str(result.plan.seed), result.plan.pairing, *map(str, numbers), *times, ", ".join(result.accidents))


def table(results: Sequence[Result]) -> str:
    """`doubled`: a handler came to its end twice in one life, which at-least-once allows."""
    lines = [HEAD, *map(rows, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
