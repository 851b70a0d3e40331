"""``symphony executors``: where melodies can run."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from symphony.cli.call_options import Json
from symphony.cli.terminal import write_document, write_table

GROUP = "symphony.executors"
EXTRAS = {"dask": "distributed", "prefect": "prefect"}
"""Executors that come with an extra of the same name, and the package that the extra brings."""


def executors(json: Json = False) -> None:
    """List the executors, installed or not."""
    found = known_executors()
    if json:
        write_document({"executors": found})
    else:
        write_table(("executor", "state", "comes from"), [(e["executor"], e["state"], e["from"]) for e in found])


def known_executors() -> list[dict[str, str]]:
    """Every executor by name, with its state; one that is not installed says how to get it."""
    installed = {point.name: _entry(point) for point in entry_points(group=GROUP)}
    for name in EXTRAS:
        installed.setdefault(name, _missing(name))
    return [installed[name] for name in sorted(installed)]


def _entry(point: EntryPoint) -> dict[str, str]:
    needed = EXTRAS.get(point.name)
    if needed and find_spec(needed) is None:
        return _missing(point.name)
    source = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    return {"executor": point.name, "state": "installed", "from": source}


def _missing(name: str) -> dict[str, str]:
    return {"executor": name, "state": "not installed", "from": f"pip install 'symphony[{name}]'"}
