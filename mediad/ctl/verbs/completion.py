"""The verb that prints a completion script for a shell."""

from __future__ import annotations

from mediad.ctl.command import Command, argument
from mediad.ctl.completion import BASH, SHELLS, ZSH
from mediad.ctl.session import Data, Session


def _completion(session: Session, data: Data) -> None:
    session.print({"bash": BASH, "zsh": ZSH}[data["shell"]].rstrip())


COMMANDS = (
    Command(
        "completion",
        "a script for your shell, which then completes verbs, options and ids",
        _completion,
        (argument("shell", choices=SHELLS, help='as in: eval "$(mediactl completion bash)"'),),
    ),
)
