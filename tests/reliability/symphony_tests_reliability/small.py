"""A small melody of every kind of step that runs in the engine's own process: diamond, each, retry, sub-melody, file."""

from __future__ import annotations

from symphony_tests_reliability.concert import PLAYERS

MAIN = """
melody: small
version: 1.0.0
tasks:
  numbers: {player: "players:numbers", with: {count: 5}}
  squares: {player: "players:square", each: "${{ tasks.numbers }}", with: {n: "${{ item }}"}}
  word: {player: "players:unsteady", with: {n: 7}, retry: {attempts: 2, delay: 1ms}}
  bulk: {player: "players:bulky", each: "${{ tasks.numbers }}", with: {n: "${{ item }}"}}
  whole: {player: "players:in_file", with: {parts: "${{ tasks.bulk }}"}}
  child: {melody: ./child.yaml, with: {n: "${{ tasks.squares[4] }}"}}
outputs:
  squares: ${{ tasks.squares }}
  word: ${{ tasks.word }}
  whole: ${{ tasks.whole }}
  last: ${{ tasks.child.last }}
"""
CHILD = """
melody: child
version: 1.0.0
params: {n: {type: integer}}
tasks:
  a: {player: "players:square", with: {n: "${{ params.n + 1000 }}"}}
  b: {player: "players:square", with: {n: "${{ tasks.a }}"}}
outputs: {last: "${{ tasks.b }}"}
"""
FILES = {"players.py": PLAYERS, "small.yaml": MAIN, "child.yaml": CHILD}
APART = """
melody: apart
version: 1.0.0
tasks:
  numbers: {player: "players:numbers", with: {count: 4}}
  bulk: {player: "players:bulky", each: "${{ tasks.numbers }}", with: {n: "${{ item }}"}}
  sizes: {player: "players:size", each: "${{ tasks.bulk }}", with: {part: "${{ item }}"}}
outputs: {sizes: "${{ tasks.sizes }}"}
"""
SIZE = """

@operator(version="1.0.0", isolation="process")
def size(part: bytes, ctx: Context) -> int:
    say("begin", ctx.task_id)
    size = len(part)
    say("end", ctx.task_id)
    return size
"""
FILES |= {"apart.yaml": APART, "players.py": PLAYERS + SIZE}
