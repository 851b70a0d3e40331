"""What holds the rooms together: import contracts, public names, light imports, a page per code."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import symphony
from symphony.compiler.codes import TITLES

ROOT = Path(__file__).parents[2]
OPTIONAL = ("dask", "prefect", "torch", "tantivy", "s3fs", "starlette", "uvicorn", "numpy", "pyarrow", "watchfiles")
HEAVY = (*OPTIONAL, "pydantic", "typer", "rich", "yaml", "cel_expr_python", "beartype", "jinja2", "sqlite3", "asyncio")
PUBLIC = {
    "ByName", "CompileError", "Context", "Csv", "File", "Html", "Markdown", "Melody", "Plan", "Svg", "SymphonyError",
    "Table", "__version__", "compile", "each", "instrument", "load", "media", "melody", "motif", "operator", "param",
    "product",
    "resume", "run", "run_async", "secret",
}  # fmt: skip


def _loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


@pytest.mark.skipif(importlib.util.find_spec("importlinter") is None, reason="import-linter is not installed")
def test_rooms_import_downwards_only() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stdout


def test_importing_symphony_loads_nothing_heavy() -> None:
    before = _loaded_by("")

    loaded = _loaded_by("import symphony") - before

    assert [name for name in HEAVY if name in loaded] == []


def test_all_public_names_together_load_no_optional_package() -> None:
    loaded = _loaded_by("import symphony\nfor name in symphony.__all__: getattr(symphony, name)")

    assert [name for name in OPTIONAL if name in loaded] == []


def test_public_names_are_those_agreed() -> None:
    """A name that is added or taken away is a promise made or broken: say so in the changelog, then here."""
    assert set(symphony.__all__) == PUBLIC
    assert [name for name in PUBLIC if not hasattr(symphony, name)] == []


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'symphony' has no attribute 'compose'"):
        symphony.compose


def test_every_module_says_its_job_and_imports() -> None:
    modules = sorted(p for p in (ROOT / "symphony").rglob("*.py") if p.name != "__main__.py")
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in modules]

    silent = [name for name in names if not (importlib.import_module(name).__doc__ or "").strip()]

    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "base", "misc", "core", "manager"}

    found = [p for folder in ("symphony", "executors") for p in (ROOT / folder).rglob("*.py") if p.stem in empty]

    assert found == []


def test_every_executor_that_is_announced_loads() -> None:
    assert [e.name for e in entry_points(group="symphony.executors") if not callable(e.load())] == []


@pytest.mark.parametrize("code", sorted(TITLES))
def test_every_code_has_a_page(code: str) -> None:
    assert (ROOT / "docs" / "errors" / f"{code}.md").is_file()
