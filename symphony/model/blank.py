"""Makes values of a model from finished fields, several times faster than validating them or filling in each default."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from symphony.model.policy import ValueModel

M = TypeVar("M", bound=ValueModel)
_set = object.__setattr__  # the values are frozen


class Blank(Generic[M]):
    """A value of which only a few fields are filled in; the others are the defaults of the model.

    Args:
        model: the model.
        required: values for fields without a default, all of which `filled` is given.
    """

    def __init__(self, model: type[M], **required: Any) -> None:
        self._model = model
        self._defaults: dict[str, Any] = dict(model.model_construct(**required).__dict__)
        self._given: dict[tuple[str, ...], set[str]] = {}

    def filled(self, fields: dict[str, Any]) -> M:
        """A value with `fields`, which must be what validating them would give: nothing is checked."""
        value = object.__new__(self._model)
        names = tuple(fields)
        given = self._given.get(names)
        if given is None:
            given = self._given[names] = set(names)
        _set(value, "__dict__", self._defaults | fields)
        _set(value, "__pydantic_fields_set__", given)  # shared: nothing is ever set on a frozen value
        _set(value, "__pydantic_extra__", None)
        _set(value, "__pydantic_private__", None)
        return value
