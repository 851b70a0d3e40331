"""A file far larger than the memory that the engine may use passes through all of it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from symphony_tests_reliability.project import Project
from symphony_tests_reliability.sizes import sampled

SIZE_BYTES = sampled(300 << 20, 5 << 30)
MOST_BYTES = 256 << 20

PLAYERS = """
import hashlib
from pathlib import Path

from symphony import Context, operator

BLOCK = bytes(range(256)) * 4096


@operator(version="1.0.0")
def make(size: int, ctx: Context) -> Path:
    path = ctx.workdir / "large.bin"
    with path.open("wb") as stream:
        for _ in range(size // len(BLOCK)):
            stream.write(BLOCK)
    return path


@operator(version="1.0.0", isolation="process")
def copy(whole: Path, ctx: Context) -> Path:
    path = ctx.workdir / "copy.bin"
    with whole.open("rb") as source, path.open("wb") as target:
        target.write(b"copy")
        while block := source.read(1 << 20):
            target.write(block)
    return path


@operator(version="1.0.0")
def measure(whole: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with whole.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            size += len(block)
    return f"{size} {digest.hexdigest()}"
"""
MELODY = """
melody: large
version: 1.0.0
params: {size: {type: integer}}
tasks:
  made: {player: "players:make", with: {size: "${{ params.size }}"}}
  copied: {player: "players:copy", with: {whole: "${{ tasks.made }}"}}
  measured: {player: "players:measure", with: {whole: "${{ tasks.copied }}"}}
outputs: {measured: "${{ tasks.measured }}", copied: "${{ tasks.copied }}"}
"""
_WATCHED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as told: told.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""


def test_a_file_larger_than_the_memory_of_the_engine_passes_through(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", {"players.py": PLAYERS, "large.yaml": MELODY})
    peak = tmp_path / "peak"

    done = project.call(
        "run", "large.yaml", "-p", f"size={SIZE_BYTES}", "--json",
        prefix=(sys.executable, "-c", _WATCHED, str(peak)), timeout_s=1_800,
    )  # fmt: skip

    assert done.code == 0, done.err
    outputs = done.document()["outputs"]
    assert outputs["measured"]["value"] == f"{SIZE_BYTES + 4} {outputs['copied']['artifact']}"
    assert re.fullmatch(r"\d+", peak.read_text())
    assert int(peak.read_text()) < MOST_BYTES
    shutil.rmtree(project.folder)  # four times its size
    print(f"{SIZE_BYTES / 1e9:.1f} GB with a peak of {int(peak.read_text()) / 1e6:.0f} MB")
