"""All verbs. A new one is a row in a file of `verbs/`, and a row in a table of the daemon's methods."""

from __future__ import annotations

from mediad.ctl.command import Command
from mediad.ctl.verbs import node

COMMANDS: tuple[Command, ...] = (*node.COMMANDS,)

GROUPS: dict[str, str] = {}
"""What the first word of verbs like `room show` is about."""
