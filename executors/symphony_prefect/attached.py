"""Finds out whether this process runs a deployment of ours: then its flow run is the one to show the run in."""

from __future__ import annotations

import sys
from uuid import UUID

_FLOW = "symphony_prefect.deployed"


def flow_run_here() -> UUID | None:
    """The flow run of the deployment that the caller runs in; None where there is none.

    In a flow of someone else a run gets a flow run of its own: that flow may start several. Nothing is imported here:
    inside a flow, Prefect is loaded.
    """
    context = sys.modules.get("prefect.context")
    here = context.FlowRunContext.get() if context is not None else None
    if here is None or here.flow_run is None or getattr(here.flow.fn, "__module__", "") != _FLOW:
        return None
    return UUID(str(here.flow_run.id))
