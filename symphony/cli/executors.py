"""``symphony executors``: where melodies can run, and what each place can do."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from symphony.cli.call_options import Json
from symphony.cli.terminal import write, write_document, write_table

GROUP = "symphony.executors"
EXTRAS = {"dask": "distributed", "prefect": "prefect"}
"""Executors that come with an extra of the same name, and the package that the extra brings."""


def executors(json: Json = False) -> None:
    """List the executors and what each can do.

    Those that are not installed are named with the command that installs them.
    """
    found = known_executors()
    if json:
        write_document({"executors": found})
        return
    from symphony.cli.support_matrix import matrix  # only for people

    write_table(("executor", "state", "comes from"), [(e["executor"], e["state"], e["from"]) for e in found])
    write("\n")
    installed = {e["executor"]: e["traits"] for e in found if e["traits"] is not None}
    write_table(("what it can do", *installed), matrix(installed))


def known_executors() -> list[dict[str, Any]]:
    """Every executor by name, with its state and traits; one that is not installed says how to get it."""
    installed = {point.name: _entry(point) for point in entry_points(group=GROUP)}
    for name in EXTRAS:
        installed.setdefault(name, _missing(name))
    return [installed[name] for name in sorted(installed)]


def _entry(point: EntryPoint) -> dict[str, Any]:
    needed = EXTRAS.get(point.name)
    if needed and find_spec(needed) is None:
        return _missing(point.name)
    from symphony.cli.support_matrix import traits_document  # the runtime; only where there is an executor

    source = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        traits = traits_document(point.load().traits)
    except Exception as error:  # noqa: BLE001  an executor of someone else may fail in every way
        broken = f"{source}: {type(error).__name__}: {' '.join(str(error).split())}"
        return {"executor": point.name, "state": "broken", "from": broken, "install": None, "traits": None}
    return {"executor": point.name, "state": "installed", "from": source, "install": None, "traits": traits}


def _missing(name: str) -> dict[str, Any]:
    command = f"pip install 'symphony[{name}]'"
    return {"executor": name, "state": "not installed", "from": command, "install": command, "traits": None}
