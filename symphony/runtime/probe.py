"""A dry run: makes every key that can be made and looks it up; runs no body."""

from __future__ import annotations

from dataclasses import replace

from symphony.model.plan import Plan
from symphony.runtime.engine import Engine, Settings
from symphony.runtime.execute import Order, Sitting
from symphony.runtime.explain import CodeChanges, Decision, decisions
from symphony.store.store import Store


def probe(plan: Plan, order: Order, store: Store, changed: CodeChanges) -> list[Decision]:
    """Decide for every task; nothing is recorded.

    Args:
        changed: says what differs between the codes of two identities.
    """
    sitting = Sitting(plan, replace(order, on_event=None), store, None, "dry-run")
    settings = Settings("dry-run", forced=order.forced, selected=order.selected, probe=True)
    engine = Engine(sitting.program, sitting.params, sitting.calls, settings, environment=sitting.environment(),
                    secret_of=sitting.secrets.get)  # fmt: skip
    engine.begin()
    engine.work(0)
    engine.wait(0)
    engine.close()
    return decisions(engine, store.latest_parts, plan.melody, changed)
