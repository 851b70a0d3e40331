"""Checks that the code found is what a plan pins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from symphony.bootstrap.identities import identities_from
from symphony.config.project import Project
from symphony.define.catalog import ProjectCatalog
from symphony.define.source_tree import ProjectSources
from symphony.errors import RefusedError
from symphony.model.plan import Plan

if TYPE_CHECKING:
    pass


def verify_pins(plan: Plan, project: Project) -> None:
    """Check that the players of a plan are those of the code found.

    Modules are looked for in the project's root, where the plan was compiled or lies, and in the current folder.

    Raises:
        RefusedError: one differs; names it, and what it was and is.
    """
    folders = tuple(dict.fromkeys([str(project.root), *plan.origin, str(Path.cwd())]))
    catalog = ProjectCatalog(Path(f) for f in folders)
    identity = identities_from(ProjectSources(project.root, [Path(f) for f in folders]))
    for name, pin in plan.players.items():
        found = catalog.find(name)
        if found is None:
            raise RefusedError(
                f"the plan calls the player {name!r}, which is not there any more (looked in {', '.join(folders)}); "
                "compile the melody again"
            )
        if found.version != pin.version:
            raise RefusedError(
                f"the plan pins {name} {pin.version}, the code has {found.version}; compile the melody again"
            )
        now = identity(found).digest
        if now != pin.identity:
            raise RefusedError(
                f"the code of {name} is not what the plan pins ({str(pin.identity)[:12]} -> {str(now)[:12]}); "
                "compile the melody again, or start anew with symphony run"
            )
