"""From the filter options to the service's filter."""

from typing import Any

from taskmill.service.views import Bulk, Where


def to_where(options: dict[str, Any]) -> Where:
    return Where(**_values(options))


def to_bulk(options: dict[str, Any], dry_run: bool) -> Bulk:
    return Bulk(**_values(options), dry_run=dry_run)


def given(options: dict[str, Any]) -> bool:
    return any(options.values())


def _values(options: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
