"""The exit codes of mediad and of its workers: what systemd, scripts and the supervisor may rely on.

`RestartPreventExitStatus=69 78` keeps systemd from retrying what only a person can put right.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a mediad process ended; the numbers follow sysexits.h where it has a word for the case."""

    OK = 0
    """Stopped as asked."""
    USAGE = 2
    """The command line could not be read (argparse's own code)."""
    PORT = 69
    """A port, or the admin socket, is taken or may not be opened (EX_UNAVAILABLE). Not worth retrying."""
    SOFTWARE = 70
    """A worker could not be brought up, or something broke that should not (EX_SOFTWARE). Worth retrying."""
    CONFIG = 78
    """A setting is wrong (EX_CONFIG). Not worth retrying."""
