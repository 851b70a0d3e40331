"""Finds out whether this process runs a flow of Prefect already, such as one of a deployment."""

from __future__ import annotations

import sys
from uuid import UUID


def flow_run_here() -> UUID | None:
    """The flow run that the caller runs in; None where there is none. Imports nothing: inside one, Prefect is loaded."""
    context = sys.modules.get("prefect.context")
    if context is None:
        return None
    here = context.FlowRunContext.get()
    return None if here is None or here.flow_run is None else UUID(str(here.flow_run.id))
