"""How calls must end, checked by hand: whatever else is compared with this must not be wrong in the same way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symphony.model.policy import Retry
from symphony.runtime.schedule import DATA, ORDER, STREAM, TOLERANT
from symphony.testing.simulation.foresight import How, Known, foresee, succeeds
from symphony.testing.simulation.score import Asks, Each, Fate, Over, Part, Score, When, Work

GOOD = Work(1, 1.0, Retry())
BAD = Work(2, 1.0, Retry(), fails_one_in=1)
NOTHING = Known({}, {})


def ends(*parts: Part) -> dict[str, How]:
    found = foresee(Score({part.id: part for part in parts}), 0, NOTHING)
    return {path: end.how for path, end in found.items()}


@pytest.mark.parametrize(
    ("kind", "after_failure"),
    [(DATA, How.SKIPPED), (ORDER, How.SKIPPED), (TOLERANT, How.GOOD)],
    ids=["data", "order", "tolerant"],
)
def test_what_follows_a_failure(kind: int, after_failure: How):
    """Semantics 25: needs on a failed task is not met."""
    assert ends(Part("a", BAD), Part("b", GOOD, {"a": kind}))["b"] is after_failure


def test_a_failure_counts_before_a_condition():
    left_out = Part("c", GOOD, when=When(Asks.FAILED, "a"), edges={"a": TOLERANT})
    both = Part("d", GOOD, {"b": DATA, "c": DATA})

    found = ends(Part("a", GOOD), Part("b", BAD), left_out, both, Part("e", GOOD, {"d": ORDER}))

    assert (found["c"], found["d"], found["e"]) == (How.LEFT_OUT, How.SKIPPED, How.SKIPPED)


def test_one_failed_element_fails_the_list_and_its_follower_goes_on_with_the_others():
    """Semantics 23: its siblings and their element-wise consumers go on."""
    picky = replace(BAD, fails_one_in=2)
    source = Part("a", picky, each=Each(Over.COUNT, count=9))

    found = ends(source, Part("b", GOOD, {"a": STREAM}, each=Each(Over.STREAM, "a")))

    elements = [found[f"a[{i}]"] for i in range(9)]
    assert set(elements) == {How.GOOD, How.FAILED}
    assert found["a"] is How.FAILED
    assert [found[f"b[{i}]"] for i in range(9)] == [How.SKIPPED if how is How.FAILED else How.GOOD for how in elements]
    assert found["b"] is How.SKIPPED


def test_a_list_of_nothing_is_good():
    """Semantics 22: an empty list gives succeeded and []."""
    assert ends(Part("a", GOOD, each=Each(Over.COUNT))) == {"a": How.GOOD}


@pytest.mark.parametrize(
    ("fate", "retry", "good"),
    [
        (Fate(0, "", False, False, 1), Retry(), True),
        (Fate(2, "OSError", False, False, 1), Retry(attempts=3), True),
        (Fate(3, "OSError", False, False, 1), Retry(attempts=3), False),
        (Fate(1, "TypeError", False, False, 1), Retry(attempts=3), False),
        (Fate(1, "OSError", False, False, 1), Retry(attempts=3, on=("ValueError",)), False),
        (Fate(0, "", False, True, 1), Retry(attempts=9), False),
    ],
    ids=["at once", "at the last attempt", "too often", "a programming error", "not among those retried", "deadly"],
)
def test_whether_a_call_succeeds(fate: Fate, retry: Retry, good: bool):
    assert succeeds(replace(GOOD, retry=retry), fate) is good
