"""What travels: large values stay where they are, results are the Pit's to the byte, and waiting costs no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from symphony_tests_dask.cluster import ROOT
from symphony_tests_dask.project import lines_of, run, written

from symphony import bootstrap

SIZE = 100_000_000
ARRAY = """
  a: {{player: array, with: {{size: {size}, log: "{log}"}}}}
  b: {{player: weigh, with: {{data: "${{{{ tasks.a }}}}", log: "{log}"}}}}
outputs: {{out: "${{{{ tasks.b }}}}"}}
"""
ENGINE = """
import json, sys
from symphony import bootstrap

if __name__ == "__main__":
    before = open("/proc/self/io").read()
    result = bootstrap.run("m.yaml", executor="dask", record=sys.argv[1] == "recorded")
    after = open("/proc/self/io").read()
    read, wrote = (
        int(dict(l.split(": ") for l in after.splitlines())[k]) - int(dict(l.split(": ") for l in before.splitlines())[k])
        for k in ("rchar", "wchar")
    )
    print(json.dumps({"out": result.outputs["out"], "bytes": read + wrote, "failures": list(result.failures)}))
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the bytes of a process are counted on Linux")
@pytest.mark.parametrize("how", ["recorded", "in memory"])
def test_a_large_array_does_not_travel_through_the_engine(project: Path, how: str) -> None:
    written(project, ARRAY.format(size=SIZE, log=project / "log"))
    (project / "engine.py").write_text(ENGINE)
    paths = os.pathsep.join(str(p) for p in (ROOT, ROOT / "executors"))
    done = subprocess.run(
        [sys.executable, "engine.py", how], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )

    told = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else done.stderr
    assert told["out"] == sum(range(256)) * (SIZE // 256) + sum(range(SIZE % 256)), told
    assert told["bytes"] < SIZE / 4  # with Dask's own modules read and all messages


def test_a_large_array_travels_between_workers_and_arrives_whole(project: Path) -> None:
    """Two readers of one array on two workers: at least one of them gets it from the other."""
    size = 3_000_000
    tasks = f"""
  a: {{player: array, with: {{size: {size}, log: "{project}/log"}}}}
  b: {{player: weigh, each: [1, 2, 3, 4], with: {{data: "${{{{ tasks.a }}}}", log: "{project}/log"}}}}
outputs: {{out: "${{{{ tasks.b }}}}"}}
"""
    result = run(project, tasks, record=False)

    weight = sum(range(256)) * (size // 256) + sum(range(size % 256))
    assert result.outputs["out"] == [weight] * 4, result.failures


def test_a_damaged_input_is_made_once_more_and_the_run_goes_on(project: Path) -> None:
    tasks = ARRAY.format(size=3_000_000, log=project / "log")
    first = run(project, tasks)
    objects = [p for p in (project / ".symphony").rglob("*") if p.is_file() and p.stat().st_size >= 3_000_000]
    for path in objects:
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)

    second = run(project, tasks, force=["b"])

    assert objects
    assert second.outputs["out"] == first.outputs["out"], second.failures
    assert second.tasks["b"].attempts == 1
    assert len([line for line in lines_of(project / "log") if line.startswith("array")]) == 2


def a_repository(folder: Path) -> None:
    """A small repository with a file of text, one of Python, and one of numbers."""
    (folder / "text.txt").write_text("one two two three three three\n" * 20)
    (folder / "code.py").write_text("def f(x):\n    # doubles\n    return x * 2\n")
    (folder / "numbers.csv").write_text("a,b\n1,2\n3,4\n5,\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for arguments in (
        ["init", "-q"],
        ["add", "text.txt", "code.py", "numbers.csv"],
        ["commit", "-q", "-m", "one: two"],
    ):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)


MELODIES: dict[str, dict[str, str]] = {
    "hello": {}, "fan_out": {}, "csv_profile": {"file": "numbers.csv"}, "word_count": {"pattern": "*.txt"}, "repo_report": {},
    "repo_report_py": {}, "release_notes": {},
}  # fmt: skip


@pytest.mark.parametrize("melody", MELODIES)
def test_a_ready_made_melody_gives_the_same_digests_as_on_the_pit(project: Path, melody: str) -> None:
    a_repository(project)
    given = MELODIES[melody]

    there = bootstrap.run(melody, given, executor="dask", no_cache=True)
    here = bootstrap.run(melody, given, executor="pit", no_cache=True)

    assert str(there.state) == str(here.state) == "succeeded", (there.failures, here.failures)
    assert {n: a.digest for n, a in there.artifacts.items()} == {n: a.digest for n, a in here.artifacts.items()}


def test_priorities_go_first(project: Path) -> None:
    """One worker is enough to see it: of what waits, the higher goes first."""
    log = project / "log"
    tasks = "".join(
        f'  t{n}: {{player: logged, priority: {n}, with: {{n: {n}, log: "{log}", pause: 0.05}}}}\n' for n in range(30)
    )
    result = run(project, tasks)

    order = [int(line) for line in lines_of(log)]
    assert str(result.state) == "succeeded"
    assert sum(order[:10]) > sum(order[-10:])


def test_a_cached_run_starts_no_cluster_of_its_own(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    written(project, "  a: {player: square, with: {n: 3}}\n")
    bootstrap.run("m.yaml", executor="pit")
    (project / "looked.py").write_text(
        "import sys\nfrom symphony import bootstrap\nr = bootstrap.run('m.yaml', executor='dask')\n"
        "print(r.counts['cached'], 'distributed' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "looked.py"], capture_output=True, text=True)

    assert done.stdout.split() == ["1", "False"], done.stderr
