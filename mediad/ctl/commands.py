"""The table of all verbs. A new one is a row in a file of `verbs/`, and a row in a table of methods."""

from __future__ import annotations

from mediad.ctl.command import Command
from mediad.ctl.verbs import (
    completion,
    doctor,
    draining,
    events,
    granting,
    hls,
    limits,
    live,
    node,
    recording,
    rooms,
    settings,
    tokens,
)

COMMANDS: tuple[Command, ...] = (
    *node.COMMANDS,
    *limits.COMMANDS,
    *live.COMMANDS,
    *rooms.COMMANDS,
    *granting.COMMANDS,
    *recording.COMMANDS,
    *hls.COMMANDS,
    *draining.COMMANDS,
    *events.COMMANDS,
    *settings.COMMANDS,
    *tokens.COMMANDS,
    *doctor.COMMANDS,
    *completion.COMMANDS,
)

GROUPS: dict[str, str] = {
    **rooms.GROUPS,
    **recording.GROUPS,
    **hls.GROUPS,
    **draining.GROUPS,
    **settings.GROUPS,
    **tokens.GROUPS,
}
"""The subject of verbs like `room show`, by their first word."""
