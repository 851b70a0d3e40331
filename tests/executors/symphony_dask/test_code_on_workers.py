"""The project's code on workers that do not have its folder, and on workers that have run an older one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from symphony_tests_dask.cluster import ROOT, CommandLineCluster
from symphony_tests_dask.project import new_project

from symphony import bootstrap


def can_hide() -> bool:
    """Whether a process may be started that does not see a folder."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_hide(), reason="hiding a folder from a process takes Linux and its administrator")
def test_a_worker_without_the_project_gets_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    cluster = CommandLineCluster(tmp_path / "cluster", workers=1, hidden=tmp_path / "home")
    try:
        cluster.wait_for(1)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)
        project = new_project(tmp_path / "home" / "project", monkeypatch)
        (project / "shipped_sibling.py").write_text("OFFSET = 40\n")
        (project / "shipped_players.py").write_text(
            "from symphony import operator\nfrom shipped_sibling import OFFSET\nimport os\n\n\n"
            '@operator(version="1.0.0", isolation="process")\ndef shifted(n: int) -> int:\n'
            f"    assert not os.path.exists({str(project / 'm.yaml')!r})\n    return n + OFFSET\n"
        )
        (project / "m.yaml").write_text(
            'melody: m\ntasks:\n  a: {player: "shipped_players:shifted", with: {n: 2}}\n'
            '  b: {player: "shipped_players:shifted", isolation: thread, with: {n: "${{ tasks.a }}"}}\n'
            'outputs: {out: "${{ tasks.b }}"}\n'
        )
        result = bootstrap.run("m.yaml", executor="dask", store=tmp_path / "store")
    finally:
        cluster.close()

    assert result.outputs["out"] == 82, result.failures


def test_a_worker_runs_the_code_of_today(project: Path) -> None:
    melody = 'melody: m\ntasks: {a: {player: "edited:value"}}\noutputs: {out: "${{ tasks.a }}"}\n'
    (project / "m.yaml").write_text(melody)
    found = []
    for value in (1, 2):
        (project / "edited.py").write_text(
            "from symphony import operator\n\n\n"
            f'@operator(version="1.0.0")\ndef value() -> int:\n    return VALUE\n\n\nVALUE = {value}\n'
        )
        program = "from symphony import bootstrap\nprint(bootstrap.run('m.yaml', executor='dask').outputs['out'])"
        found.append(run_program(project, program))

    assert found == ["1", "2"]


def run_program(project: Path, text: str) -> str:
    """Run a program in a process of its own, as somebody does who has edited a file."""
    paths = os.pathsep.join(str(p) for p in (ROOT, ROOT / "executors"))
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=project,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
