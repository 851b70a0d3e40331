"""Read-only collections inside values: a mapping that keeps its order and cannot be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(dict[K, V]):
    """A dict that cannot be changed. Compares like a dict; hashes by content, order left out."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping belongs to a value and cannot be changed; build a new value instead")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __copy__(self) -> FrozenMap[K, V]:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> FrozenMap[K, V]:
        return self

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return FrozenMap, (dict(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        key, value = get_args(source) or (Any, Any)
        inner = handler.generate_schema(dict[key, value])  # type: ignore[valid-type]
        return core_schema.no_info_after_validator_function(FrozenMap, inner)


EMPTY: FrozenMap[Any, Any] = FrozenMap()


def freeze(data: Any) -> Any:
    """Turn plain data (mappings, lists, tuples, scalars) into its read-only form; leaves stay as they are."""
    if isinstance(data, FrozenMap):
        return data
    if isinstance(data, Mapping):
        return FrozenMap({k: freeze(v) for k, v in data.items()}) if data else EMPTY
    if isinstance(data, (list, tuple)):
        return tuple(freeze(v) for v in data)
    return data
