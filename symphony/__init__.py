"""Symphony: workflow as code. Everything a user needs is here; nothing is loaded before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "operator": "symphony.define.player",
    "instrument": "symphony.define.player",
    "motif": "symphony.define.player",
    "Context": "symphony.define.context",
    "ByName": "symphony.define.annotations",
    "Html": "symphony.define.annotations",
    "Markdown": "symphony.define.annotations",
    "Svg": "symphony.define.annotations",
    "Csv": "symphony.define.annotations",
    "Table": "symphony.define.annotations",
    "File": "symphony.define.annotations",
    "media": "symphony.define.annotations",
    "melody": "symphony.define.tracing",
    "each": "symphony.define.tracing",
    "param": "symphony.define.tracing",
    "product": "symphony.define.tracing",
    "secret": "symphony.define.tracing",
    "load": "symphony.bootstrap",
    "compile": "symphony.bootstrap",
    "run": "symphony.bootstrap",
    "run_async": "symphony.bootstrap",
    "resume": "symphony.bootstrap",
    "Melody": "symphony.model.melody",
    "Plan": "symphony.model.plan",
    "SymphonyError": "symphony.errors",
    "CompileError": "symphony.errors",
}
__all__ = [
    "ByName",
    "CompileError",
    "Context",
    "Csv",
    "File",
    "Html",
    "Markdown",
    "Melody",
    "Plan",
    "Svg",
    "SymphonyError",
    "Table",
    "__version__",
    "compile",
    "each",
    "instrument",
    "load",
    "media",
    "melody",
    "motif",
    "operator",
    "param",
    "product",
    "resume",
    "run",
    "run_async",
    "secret",
]

if TYPE_CHECKING:
    from symphony.bootstrap import compile, load, resume, run, run_async
    from symphony.define.annotations import ByName, Csv, File, Html, Markdown, Svg, Table, media
    from symphony.define.context import Context
    from symphony.define.player import instrument, motif, operator
    from symphony.define.tracing import each, melody, param, product, secret
    from symphony.errors import CompileError, SymphonyError
    from symphony.model.melody import Melody
    from symphony.model.plan import Plan


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'symphony' has no attribute {name!r}")
    from importlib import import_module  # loaded on first use

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
