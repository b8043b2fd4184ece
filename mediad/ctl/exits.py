"""How mediactl ends: what scripts may rely on."""

from __future__ import annotations

from enum import IntEnum


class CtlExit(IntEnum):
    """The exit codes of mediactl."""

    OK = 0
    """Done; for `doctor`: nothing is wrong."""
    REFUSED = 1
    """mediad refused, or failed at it; for `doctor`: something is wrong."""
    USAGE = 2
    """The command line makes no sense (argparse's own code)."""
    NOT_RUNNING = 3
    NOT_ALLOWED = 4
    """This user may not ask."""
    NO_ANSWER = 5
    """Something is there, but no sensible answer came."""
    INTERRUPTED = 130
    """Ctrl-C, as shells have it."""
