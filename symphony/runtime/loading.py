"""Loads the players that a plan pins, by module and qualified name."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from typing import Any

from symphony.define.player import Player
from symphony.errors import PlayerDefinitionError
from symphony.model.plan import PlayerPin


def load_player(pin: PlayerPin) -> Player[Any, Any]:
    """Import a pinned player.

    Raises:
        PlayerDefinitionError: the module or the name is not there, or is no player.
    """
    return find_player(pin.module, pin.qualname, pin.name)


def find_player(module: str, qualname: str, name: str) -> Player[Any, Any]:
    """Import a player by module and qualified name.

    Raises:
        PlayerDefinitionError: the module or the name is not there, or is no player.
    """
    try:
        found = reduce(getattr, qualname.split("."), import_module(module))
    except (ImportError, AttributeError) as error:
        raise PlayerDefinitionError(f"the player {name!r} cannot be loaded: {error}") from error
    if not isinstance(found, Player):
        raise PlayerDefinitionError(
            f"{module}:{qualname} is no player: decorate it with @operator, @instrument or @motif"
        )
    return found
