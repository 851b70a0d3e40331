"""What each executor can do, by its traits: the table of ``symphony executors`` and of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from symphony.runtime.contract import Traits

WORDS = {
    "in_process": "drives bodies in this process",
    "remote": "runs on other machines",
    "shares_memory": "passes values by reference",
    "can_kill": "ends running bodies",
    "ships_code": "ships the project's code",
    "accepts_pending": "takes calls ahead of their inputs",
    "follows": "shows the run in a place of its own",
}
"""Each trait that is true or false, in words; what `resources` holds makes a row for each resource."""
RESOURCES = ("cpus", "memory", "gpus", "tokens")


def traits_document(traits: Traits) -> dict[str, Any]:
    """Traits as plain data; resources in alphabetical order."""
    values = {f.name: getattr(traits, f.name) for f in fields(Traits)}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}


def matrix(documents: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One row per ability: its words, then yes or no for each executor.

    Args:
        documents: traits as plain data by executor.
    """
    named = {name for traits in documents.values() for name in traits["resources"]}
    resources = [*RESOURCES, *sorted(named - set(RESOURCES))]
    rows = [(words, *(_yes(t[trait]) for t in documents.values())) for trait, words in WORDS.items()]
    return rows + [
        (f"accounts for {name}", *(_yes(name in t["resources"]) for t in documents.values())) for name in resources
    ]


def _yes(value: bool) -> str:
    return "yes" if value else "no"
