"""Values filled in without validating equal the validated ones in every way."""

from __future__ import annotations

import copy

import pytest

from symphony.model.blank import Blank
from symphony.model.frozen import FrozenMap
from symphony.model.plan import PlannedTask
from symphony.model.task import Task


def test_a_filled_value_equals_the_validated_one() -> None:
    filled = Blank(Task).filled({"player": "text.split", "inputs": FrozenMap({"text": "to be"})})

    validated = Task.model_validate({"player": "text.split", "with": {"text": "to be"}})
    assert filled == validated
    assert filled.model_fields_set == validated.model_fields_set
    assert filled.model_dump(mode="json", by_alias=True) == validated.model_dump(mode="json", by_alias=True)
    assert hash(filled) == hash(validated)


def test_filled_values_share_nothing_that_changes() -> None:
    blank = Blank(PlannedTask, id="")
    one, two = blank.filled({"id": "one"}), blank.filled({"id": "two"})

    changed = one.model_copy(update={"priority": 3})

    assert (one.id, two.id, changed.id) == ("one", "two", "one")
    assert (one.priority, two.priority, changed.priority) == (0, 0, 3)
    assert one.model_fields_set == two.model_fields_set == {"id"}
    assert copy.deepcopy(one) == one


def test_a_filled_value_is_frozen() -> None:
    filled = Blank(Task).filled({"player": "text.split"})

    with pytest.raises(ValueError, match="frozen"):
        filled.player = "text.join"  # type: ignore[misc]
