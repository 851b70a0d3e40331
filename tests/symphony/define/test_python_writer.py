"""A melody written as Python, traced again, has the same plan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = """
melody: every-thing
version: 1.2.3
description: Says everything there is to say
env: [GREETING]
params:
  top: {type: integer, default: 20, minimum: 1, description: "how many"}
  name: {type: string, choices: [a, b], default: a}
  token: {type: string, secret: true}
tasks:
  xs: {player: flow.numbers, with: {count: "${{ params.top + 1 }}"}, retry: {attempts: 3, delay: 1s}}
  call:
    player: flow.echo
    each: {product: {a: "${{ tasks.xs }}", b: [1, 2]}}
    with: {value: {x: "${{ item.a }}", y: ["${{ item.b }}", null]}}
    description: crossed
  name: {player: flow.echo, each: "${{ tasks.xs }}", when: "${{ item % 2 == 0 }}", with: {value: "${{ index }}"}}
  step:
    run: |
      echo "$word" > out.txt
    with: {word: "${{ 'x' + params.name }}", greeting: "${{ env.GREETING }}"}
    needs: [xs]
    outputs: {log: out.txt, rows: {path: r.csv, type: text/csv}}
    priority: 3
  notice: {player: flow.echo, with: {value: oh}, when: "${{ failed(tasks.later) }}", cache: false}
  later: {player: flow.echo, with: {value: 'it''s "quoted" ${{ params.top }} times'}}
outputs: {log: "${{ tasks.step.log }}", names: "${{ tasks.name }}", plain: [1, 2.5, null, text]}
"""


def symphony(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "symphony", *words], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plan_hash(folder: Path, file: str) -> str:
    symphony(folder, "compile", file, "-o", "plan.json")
    return next(line for line in (folder / "plan.json").read_text().split("\n") if '"hash"' in line)


@pytest.mark.parametrize("name", ["everything", *(p.stem for p in sorted(ROOT.glob("melodies/*.yaml")))])
def test_to_python_and_back_keeps_the_plan(name: str, tmp_path: Path):
    (tmp_path / "symphony.config.toml").touch()
    text = EVERYTHING if name == "everything" else (ROOT / "melodies" / f"{name}.yaml").read_text()
    (tmp_path / "first.yaml").write_text(text)
    symphony(tmp_path, "convert", "first.yaml", "--to", "python", "-o", "second.py")
    symphony(tmp_path, "convert", "second.py", "--to", "yaml", "-o", "third.yaml")

    hashes = {plan_hash(tmp_path, file) for file in ("first.yaml", "second.py", "third.yaml")}

    assert len(hashes) == 1
