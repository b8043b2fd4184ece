"""The exit codes of mediactl, which scripts may rely on."""

from __future__ import annotations

from enum import IntEnum


class CtlExit(IntEnum):
    """The exit codes of mediactl."""

    OK = 0
    """Done; for `doctor`: nothing is wrong."""
    REFUSED = 1
    """mediad refused, or failed at it; for `doctor`: something is wrong."""
    USAGE = 2
    """The command line is wrong (argparse's own code)."""
    NOT_RUNNING = 3
    NOT_ALLOWED = 4
    """The user may not use the admin socket."""
    NO_ANSWER = 5
    """The daemon is there, but gave no valid answer."""
    INTERRUPTED = 130
    """Ctrl-C, with the number that shells use."""
