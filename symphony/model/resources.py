"""What calls occupy while they run: amounts of named resources, and how people read them."""

from __future__ import annotations

from collections.abc import Mapping

from symphony.model.policy import Resources
from symphony.model.quantities import format_size

TOKEN = "token:"
"""A token named ``api`` is the resource ``token:api``."""
UNLISTED_TOKEN = 1.0
"""How many there are of a token that no configuration names."""


def demand_of(resources: Resources | None, tokens: Mapping[str, int]) -> dict[str, float]:
    """What a call occupies, by resource: ``cpus``, ``memory`` (bytes), ``gpus``, ``token:NAME``.

    A task that declares no resources occupies nothing but a worker.
    """
    found = {f"{TOKEN}{name}": float(count) for name, count in tokens.items()}
    if resources is not None:
        found |= {"cpus": resources.cpus, "memory": float(resources.memory or 0), "gpus": resources.gpus}
    return {name: amount for name, amount in found.items() if amount > 0}


def amount_there_is(capacity: Mapping[str, float], name: str) -> float:
    """How much of a resource there is in all: tokens that nobody configured count 1, other unknown resources 0."""
    return capacity.get(name, UNLISTED_TOKEN if name.startswith(TOKEN) else 0.0)


def resource_text(name: str) -> str:
    """A resource as people read it: ``token:api`` -> ``token api``."""
    return f"token {name.removeprefix(TOKEN)}" if name.startswith(TOKEN) else name


def amount_text(name: str, amount: float) -> str:
    """An amount as people read it: sizes in their unit, other amounts as plain numbers."""
    return format_size(round(amount)) if name == "memory" else f"{amount:g}"
