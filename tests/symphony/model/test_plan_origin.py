"""Plans as values: what belongs to them and what does not."""

from __future__ import annotations

from symphony.model.plan import Plan


def test_origin_is_no_part_of_the_plan() -> None:
    """Semantics 29: the hash covers what is run, not where it was compiled."""
    plan = Plan(melody="m")
    placed = plan.from_origin(("/a/project",))

    assert placed.origin == ("/a/project",)
    assert (placed, placed.hash, placed.to_text()) == (plan, plan.hash, plan.to_text())
    assert hash(placed) == hash(plan)
    assert Plan.from_text(placed.to_text()).origin == ()
