"""The place where parts meet: its public names, and what they load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from symphony import bootstrap


@pytest.mark.parametrize("name", sorted(bootstrap._HOMES))
def test_every_public_name_is_found_and_listed(name: str) -> None:
    assert getattr(bootstrap, name) is not None
    assert name in dir(bootstrap)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'rnu'"):
        _ = bootstrap.rnu  # type: ignore[attr-defined]


def test_telling_what_ran_loads_no_compiler() -> None:
    code = (
        "import sys; from symphony import bootstrap; bootstrap.runs, bootstrap.open_project_store;"
        "sys.exit(', '.join(m for m in sys.modules if m.startswith('symphony.compiler')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""
