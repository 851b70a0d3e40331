"""A melody of two hundred calls of every kind, whose bodies write down that they began and ended."""

from __future__ import annotations

PLAYERS = '''
import os
import time
from pathlib import Path

from symphony import Context, operator


def say(what: str, task: str) -> None:
    """Append one line; the kernel writes it whole or not at all."""
    handle = os.open(os.environ["OUTSIDE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{what} {task} {time.time():.6f}\\n".encode())
    os.close(handle)


@operator(version="1.0.0")
def numbers(count: int, ctx: Context) -> list[int]:
    say("begin", ctx.task_id)
    say("end", ctx.task_id)
    return list(range(count))


@operator(version="1.0.0")
def square(n: int, ctx: Context) -> int:
    say("begin", ctx.task_id)
    time.sleep(0.004)
    say("end", ctx.task_id)
    return n * n


@operator(version="1.0.0")
def unsteady(n: int, ctx: Context) -> str:
    say("begin", ctx.task_id)
    if ctx.attempt == 1:
        raise OSError("the first attempt fails")
    say("end", ctx.task_id)
    return f"steady {n}"


@operator(version="1.0.0")
def bulky(n: int, ctx: Context) -> bytes:
    say("begin", ctx.task_id)
    data = b"%08d" % n * 20_000
    say("end", ctx.task_id)
    return data


@operator(version="1.0.0")
def in_file(parts: list[bytes], ctx: Context) -> Path:
    say("begin", ctx.task_id)
    path = ctx.workdir / "parts.bin"
    path.write_bytes(b"".join(parts))
    say("end", ctx.task_id)
    return path


@operator(version="1.0.0", isolation="process")
def apart(n: int, ctx: Context) -> int:
    say("begin", ctx.task_id)
    time.sleep(0.01)
    say("end", ctx.task_id)
    return n + 1


@operator(version="1.0.0")
def total(squares: list[int], words: list[str], whole: Path, more: list[int], apart: list[int], line: Path, ctx: Context) -> str:
    say("begin", ctx.task_id)
    text = f"{sum(squares)} {len(words)} {whole.stat().st_size} {sum(more)} {sum(apart)} {line.read_text().strip()}"
    say("end", ctx.task_id)
    return text
'''
MAIN = """
melody: concert
version: 1.0.0
tasks:
  numbers: {player: "players:numbers", with: {count: 110}}
  few: {player: "players:numbers", with: {count: 10}}
  squares: {player: "players:square", each: "${{ tasks.numbers }}", with: {n: "${{ item }}"}}
  words:
    player: players:unsteady
    each: ${{ tasks.few }}
    with: {n: "${{ item }}"}
    retry: {attempts: 3, delay: 10ms}
  bulk: {player: "players:bulky", each: "${{ tasks.few }}", with: {n: "${{ item }}"}}
  whole: {player: "players:in_file", with: {parts: "${{ tasks.bulk }}"}}
  apart: {player: "players:apart", each: "${{ tasks.few }}", with: {n: "${{ item }}"}}
  child: {melody: ./child.yaml, each: "${{ tasks.few }}", with: {n: "${{ item }}"}}
  line:
    run: |
      echo "begin line $(date +%s.%N)" >> "$OUTSIDE_LOG"
      wc -c < "$whole" | tr -d ' ' > size.txt
      echo "end line $(date +%s.%N)" >> "$OUTSIDE_LOG"
    with: {whole: "${{ tasks.whole }}"}
    outputs: {size: {path: size.txt, type: text/plain}}
  total:
    player: players:total
    with:
      squares: ${{ tasks.squares }}
      words: ${{ tasks.words }}
      whole: ${{ tasks.whole }}
      more: ${{ tasks.child.last }}
      apart: ${{ tasks.apart }}
      line: ${{ tasks.line.size }}
outputs:
  text: ${{ tasks.total }}
  whole: ${{ tasks.whole }}
  squares: ${{ tasks.squares }}
  size: ${{ tasks.line.size }}
"""
CHILD = """
melody: child
version: 1.0.0
params: {n: {type: integer}}
tasks:
  a: {player: "players:square", with: {n: "${{ params.n + 1000 }}"}}
  b: {player: "players:square", with: {n: "${{ tasks.a }}"}}
  c: {player: "players:square", with: {n: "${{ tasks.a + 1 }}"}}
  d: {player: "players:square", with: {n: "${{ tasks.b + tasks.c }}"}}
outputs: {last: "${{ tasks.d }}"}
"""
FILES = {"players.py": PLAYERS, "concert.yaml": MAIN, "child.yaml": CHILD}
CALLS = 2 + 110 + 10 + 10 + 1 + 10 + 10 * 4 + 1 + 1
"""How many bodies run in an undisturbed run; each of the ten unsteady ones begins twice."""
