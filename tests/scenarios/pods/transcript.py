"""Transcripts: text files of commands and what came of them.

A line that begins with ``$ `` is a command, lines indented below it are its input, and the lines after that are
what happened. Comments (``#``) and blank lines stay as they are.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

INDENT = "    "


@dataclass(slots=True)
class Block:
    """One command of a transcript with its input, what came of it, and the comments before it."""

    comments: list[str] = field(default_factory=list)
    command: str = ""
    body: list[str] = field(default_factory=list)
    outcome: list[str] = field(default_factory=list)

    def render(self) -> list[str]:
        """Write it as it stands in the file."""
        command = [f"$ {self.command}"] if self.command else []
        return [*self.comments, *command, *self.body, *self.outcome]


def parse(text: str) -> list[Block]:
    """Split a transcript into commands; what follows the last one is a block without a command."""
    blocks, comments = [], list[str]()
    for line in text.splitlines():
        if line.startswith("$ "):
            blocks.append(Block(comments, line[2:]))
            comments = []
        elif not line.strip() or line.startswith("#"):
            comments.append(line)
        elif line.startswith(INDENT) and not blocks[-1].outcome:
            blocks[-1].body.append(line)
        else:
            blocks[-1].outcome.append(line)
    return [*blocks, Block(comments)]


@dataclass(frozen=True, slots=True)
class Command:
    """A command taken apart: ``delete web grace=0s`` has two words and an option."""

    words: tuple[str, ...]
    options: dict[str, str]
    body: str

    @classmethod
    def of(cls, block: Block) -> Command:
        """Take a block's command apart."""
        parts = shlex.split(block.command)
        return cls(
            words=tuple(p for p in parts if "=" not in p),
            options=options(block.command),
            body="\n".join(line.removeprefix(INDENT) for line in block.body),
        )


def options(line: str) -> dict[str, str]:
    """Read the ``name=value`` words of a line."""
    return dict(part.split("=", 1) for part in shlex.split(line) if "=" in part)
