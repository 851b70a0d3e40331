"""A small run and a large one, in processes of their own, that want the same token: the small one does not wait for the large one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symphony_tests_reliability.project import Project
from symphony_tests_reliability.sizes import sampled
from symphony_tests_reliability.waiting import until

SMALL, LARGE = 10, sampled(200, 1_000)
BODY_S = 0.01
AT_MOST = 3.0
"""How many times its fair share the small run may take: half of the token, as long as both want it."""
PLAYERS = f'''
import time
from pathlib import Path

from symphony import operator


@operator(version="1.0.0")
def numbers(count: int, waits: bool) -> list[int]:
    if waits:                                # the small run comes when the large one is in the middle
        Path("waits").touch()
        deadline = time.monotonic() + 60
        while not Path("middle").exists() and time.monotonic() < deadline:
            time.sleep(0.002)
    return list(range(count))


@operator(version="1.0.0", cache=False)
def asked(n: int) -> int:
    time.sleep({BODY_S})
    if n == {SMALL}:
        Path("middle").touch()
    return n
'''


def melody(name: str, count: int) -> str:
    return f"""
melody: {name}
version: 1.0.0
tasks:
  numbers: {{player: "players:numbers", with: {{count: {count}, waits: {str(name == "small").lower()}}}}}
  asked:
    player: players:asked
    each: ${{{{ tasks.numbers }}}}
    with: {{n: "${{{{ item }}}}"}}
    tokens: {{api: 1}}
"""


@dataclass(frozen=True)
class Waits:
    """The calls of one run that needed the token.

    Attributes:
        begun, ended: when the first one started and when the last one was done, seconds since the epoch.
        ready: when they were ready.
        waits: how long each one waited, sorted, in seconds.
    """

    ready: float
    begun: float
    ended: float
    waits: tuple[float, ...]

    @classmethod
    def of(cls, shown: dict[str, Any]) -> Waits:
        calls = [t for t in shown["tasks"] if t["task"].startswith("asked[")]
        begun = [t["started_at"] for t in calls]
        return cls(
            min(t["started_at"] - t["waited_s"] for t in calls), min(begun),
            max(t["started_at"] + t["duration_s"] for t in calls), tuple(sorted(t["waited_s"] for t in calls)),
        )  # fmt: skip

    def percentile(self, percent: int) -> float:
        return self.waits[min(len(self.waits) - 1, len(self.waits) * percent // 100)]

    def row(self, name: str) -> str:
        told = "".join(f"{wait:9.3f}" for wait in (self.percentile(50), self.percentile(90), self.waits[-1]))
        return f"{name:>6}{len(self.waits):7}{told}{self.ended - self.ready:9.3f}"


def test_a_small_run_is_not_starved_by_a_large_one_in_another_process(tmp_path: Path) -> None:
    project = Project(
        tmp_path / "p",
        {"players.py": PLAYERS, "small.yaml": melody("small", SMALL), "large.yaml": melody("large", LARGE)},
    )
    small = project.start("run", "small.yaml", "--workers", "2")
    assert until((project.folder / "waits").exists, 30), small.poll()
    large = project.start("run", "large.yaml", "--workers", "2")
    told = [process.communicate(timeout=300) for process in (small, large)]

    assert (small.returncode, large.returncode) == (0, 0), told
    ids = {run["melody"]: run["run"] for run in project.call("runs", "--json").document()["runs"]}
    waits = {name: Waits.of(project.shown(ids[name]) or {}) for name in ("small", "large")}
    cost = (waits["large"].ended - waits["large"].begun) / (SMALL + LARGE)
    fair = 2 * SMALL * cost
    took = waits["small"].ended - waits["small"].ready
    print("\n   run  calls      p50      p90      max    total  (seconds; waits for the token)")
    print(waits["small"].row("small"), waits["large"].row("large"), sep="\n")
    print(f"a call costs {cost * 1e3:.1f} ms; the small run took {took / fair:.2f} times its fair share of {fair:.2f} s")
    assert waits["small"].ended < waits["large"].ended
    assert took < AT_MOST * fair
    assert waits["small"].waits[-1] < waits["large"].percentile(50)

