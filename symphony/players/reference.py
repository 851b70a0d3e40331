"""Writes the reference pages of the shipped players from their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from symphony.define.player import Player
from symphony.model.signature import Port, Signature
from symphony.players import FAMILIES

_SECTION = re.compile(r"^(Args|Returns|Raises|Example):$", re.M)


def shipped() -> Iterator[Player[Any, Any]]:
    """Every player of every family, in the order of their names."""
    for family in FAMILIES:
        module = import_module(f"symphony.players.{family}")
        own = [v for v in vars(module).values() if isinstance(v, Player) and v.function.__module__ == module.__name__]
        yield from sorted(own, key=lambda player: player.name)


def sections_of(player: Player[Any, Any]) -> dict[str, str]:
    """Split a player's docstring: ``summary``, ``text`` and each section by its name, such as ``Args``."""
    summary, _, rest = (inspect.getdoc(player.function) or "").partition("\n")
    parts = _SECTION.split(rest)
    found = {"summary": summary.strip(), "text": parts[0].strip()}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        found[name] = inspect.cleandoc("\n" + body).strip()
    return found


def example_of(player: Player[Any, Any]) -> str:
    """The YAML of the player's example; empty where there is none."""
    match = re.search(r"```yaml\n(.*?)```", sections_of(player).get("Example", ""), re.S)
    return match[1].rstrip() if match else ""


def page_of(player: Player[Any, Any]) -> str:
    """The page of one player, in Markdown."""
    signature, sections = player.signature, sections_of(player)
    parts = [f"# {signature.name}", sections["summary"], _facts(signature)]
    if sections["text"]:
        parts.append(sections["text"])
    parts.append("## Inputs\n\n" + _inputs(signature))
    parts.append("## Output\n\n" + "\n\n".join(filter(None, (_outputs(signature), sections.get("Returns", "")))))
    if "Raises" in sections:
        parts.append("## Errors\n\n" + _errors(sections["Raises"]))
    parts.append(f"## Example\n\n```yaml\ntasks:\n{_indented(example_of(player))}\n```")
    return "\n\n".join(parts) + "\n"


def _facts(signature: Signature) -> str:
    facts = [
        f"*{signature.kind.value.capitalize()}*",
        f"version {signature.version}",
        "tags: " + ", ".join(signature.tags),
    ]
    if not signature.cache:
        facts.append("never served from the store")
    elif signature.fingerprint:
        facts.append("looks at the world before each run")
    if signature.retry is not None:
        facts.append(f"tried {signature.retry.attempts} times")
    return " · ".join(facts)


def _inputs(signature: Signature) -> str:
    if not signature.inputs:
        return "None."
    rows = ["| name | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join(rows + [_input(port) for port in signature.inputs])


def _input(port: Port) -> str:
    default = "required" if port.required else f"`{_literal(port.default)}`"
    return f"| `{port.name}` | {_type(port)} | {_cell(default)} | {_cell(port.doc)} |"


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f'"{value}"'.replace("\n", "\\n") if isinstance(value, str) else str(value)


def _type(port: Port) -> str:
    return f"`{_cell(str(port.type))}`" + (" by name" if port.by_name else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _outputs(signature: Signature) -> str:
    return "\n".join(f"- `{port.name}`: {_type(port)}" for port in signature.outputs)


def _errors(text: str) -> str:
    """The entries of a ``Raises`` section as a list; a line that is indented goes on with the one before."""
    entries: list[str] = []
    for line in text.split("\n"):
        if line.startswith(" ") and entries:
            entries[-1] += " " + line.strip()
        else:
            name, _, reason = line.partition(":")
            entries.append(f"- `{name}`: {reason.strip()}")
    return "\n".join(entries)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.split("\n"))


def index_of(players: list[Player[Any, Any]]) -> str:
    """The page that lists all players, family by family."""
    parts = [
        "# Players that ship",
        "A task calls a player by its name. Each page says what it takes, what it gives and how it fails.",
    ]
    families: dict[str, list[Player[Any, Any]]] = {}
    for player in players:
        families.setdefault(player.name.partition(".")[0], []).append(player)
    for family, members in families.items():
        rows = [f"| [`{p.name}`]({p.name}.md) | {_cell(p.signature.summary)} |" for p in members]
        parts.append(f"## {family}\n\n| player | what it does |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every page as (file name, text): one per player, and the index."""
    players = list(shipped())
    for player in players:
        yield f"{player.name}.md", page_of(player)
    yield "index.md", index_of(players)


def write_pages(folder: Path) -> list[Path]:
    """Write every page into `folder`, and remove pages of players that are gone. Gives what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = dict(pages())
    for stale in folder.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in wanted]


if __name__ == "__main__":
    write_pages(Path("docs/players"))
