"""Whether a value of one port type fits a port of another.

Inputs are read-only, so fitting is covariant, and an integer fits a number also inside containers and unions. Media
types are kinds of text or bytes: each fits its plain type, never back. `any` (and `json`, from a looser to a tighter
type) fits both ways and is checked when the task runs.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import is_typeddict

from symphony.model.port_type import ANY, JSON, PortType


class Fit(Enum):
    """How a type fits a port."""

    YES = "yes"
    NO = "no"
    AT_RUN = "checked when the task runs"


_TEXT_MEDIA = ("application/json", "application/xml", "image/svg+xml", "application/yaml")
_JSON_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
_SEQUENCES = frozenset({"list", "tuple", "set"})


def fit(given: PortType, wanted: PortType) -> Fit:
    """Say whether `given` fits `wanted`. Pairs are remembered."""
    if given is wanted:
        return Fit.YES
    return _fit(given, wanted)


@lru_cache(maxsize=8192)
def _fit(given: PortType, wanted: PortType) -> Fit:
    if given == wanted or wanted == ANY:
        return Fit.YES
    if given == ANY:
        return Fit.AT_RUN
    if given.name == "union":
        return _all([fit(member, wanted) for member in given.members])
    if wanted.name == "union":
        return _any([fit(given, member) for member in wanted.members])
    if wanted == JSON:
        return Fit.YES if _is_json(given) else Fit.NO
    if given == JSON:
        return Fit.AT_RUN if _is_json(wanted) else Fit.NO
    if given.name == "literal":
        return _all([fit(_type_of_constant(value), wanted) for value in given.args])
    if given.name == "integer" and wanted.name == "number":
        return Fit.YES
    if given.is_media:
        return _media(given, wanted)
    if given.name == "file":
        return _file(given, wanted)
    if given.name == wanted.name and given.name in ("list", "set", "map", "tuple"):
        return _inside(given, wanted)
    if given.name == "tuple" and wanted.name == "list":
        return _all([fit(a, wanted.inner()) for a in given.args if isinstance(a, PortType)])
    if given.fields is not None and wanted.name == "map":
        return _all([fit(t, wanted.value_type) for t in given.fields.values()])
    return _classes(given, wanted)


def _all(fits: list[Fit]) -> Fit:
    if Fit.NO in fits:
        return Fit.NO
    return Fit.AT_RUN if Fit.AT_RUN in fits else Fit.YES


def _any(fits: list[Fit]) -> Fit:
    if Fit.YES in fits:
        return Fit.YES
    return Fit.AT_RUN if Fit.AT_RUN in fits else Fit.NO


def _is_json(t: PortType) -> bool:
    if t.name in _JSON_SCALARS or t in (JSON, ANY) or t.name == "literal" or text_media(t):
        return True
    if t.fields is not None:
        return all(_is_json(f) for f in t.fields.values())
    if t.name == "map":
        return len(t.args) == 1 and _is_json(t.value_type)
    return t.name in ("list", "union") and all(_is_json(a) for a in t.args if isinstance(a, PortType))


def _type_of_constant(value: object) -> PortType:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", bytes: "bytes"}
    return PortType(names.get(type(value), "any"))


def text_media(t: PortType) -> bool:
    """Whether a media type is a kind of text."""
    return t.is_media and (t.name.startswith("text/") or t.name in _TEXT_MEDIA or t.name.endswith(("+json", "+xml")))


def _media(given: PortType, wanted: PortType) -> Fit:
    if wanted.is_media:
        kind, _, rest = wanted.name.partition("/")
        return Fit.YES if rest == "*" and given.name.startswith(kind + "/") else Fit.NO
    plain = "string" if text_media(given) else "bytes"
    return Fit.YES if wanted.name == plain else Fit.NO


def _file(given: PortType, wanted: PortType) -> Fit:
    if wanted.name == "path":
        return Fit.YES
    if wanted.name != "file":
        return Fit.NO
    inner = wanted.inner()
    return Fit.YES if given.inner() == inner or (_media(given.inner(), inner) is Fit.YES and inner.is_media) else Fit.NO


def _inside(given: PortType, wanted: PortType) -> Fit:
    if given.name == "tuple":
        return _tuples(given, wanted)
    if len(given.args) == len(wanted.args) == 2:
        return _all([fit(given.inner(0), wanted.inner(0)), fit(given.inner(1), wanted.inner(1))])
    if given.name == "map" and len(given.args) != len(wanted.args):
        keys = wanted if len(wanted.args) == 2 else given
        if keys.inner(0) != ANY:
            return Fit.NO
    return fit(given.value_type, wanted.value_type)


def _tuples(given: PortType, wanted: PortType) -> Fit:
    if wanted.args and wanted.args[-1] is ...:
        return _all([fit(a, wanted.inner()) for a in given.args if isinstance(a, PortType)])
    if ... in given.args or len(given.args) != len(wanted.args):
        return Fit.NO
    return _all([fit(given.inner(i), wanted.inner(i)) for i in range(len(given.args))])


def _classes(given: PortType, wanted: PortType) -> Fit:
    if given.hint is None or wanted.hint is None:
        return Fit.NO
    from beartype.door import is_subhint  # heavy: most links never need it
    from beartype.roar import BeartypeException

    try:
        inside = is_subhint(_as_class(given.hint), _as_class(wanted.hint))
    except BeartypeException:  # an annotation that beartype does not know: only the running task can tell
        return Fit.AT_RUN
    if inside and is_typeddict(wanted.hint):
        return Fit.AT_RUN  # a dict, but with its keys?
    return Fit.YES if inside else Fit.NO


def _as_class(hint: object) -> object:
    """A hint as one that can be compared: Python refuses to ask what a TypedDict is a kind of, but it is a dict."""
    return dict if is_typeddict(hint) else hint
