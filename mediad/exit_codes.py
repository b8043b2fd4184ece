"""The exit codes of mediad and of its workers: what systemd, scripts and the supervisor may rely on.

`RestartPreventExitStatus=69 78` keeps systemd from retrying what only a person can put right.
"""

from __future__ import annotations

from enum import IntEnum

from mediad.errors import ConfigError, MediadError, PortError


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
    """A setting is wrong, or the installation lacks something (EX_CONFIG). Not worth retrying."""


def exit_code_for(error: MediadError) -> ExitCode:
    """The code a process ends with when `error` keeps it from running."""
    match error:
        case ConfigError():
            return ExitCode.CONFIG
        case PortError():
            return ExitCode.PORT
        case _:
            return ExitCode.SOFTWARE


def error_for(status: int, reason: str) -> MediadError:
    """The error a mediad process ended of, from its exit status; the inverse of `exit_code_for`."""
    match status:
        case ExitCode.CONFIG:
            return ConfigError(reason)
        case ExitCode.PORT:
            return PortError(reason)
        case _:
            return MediadError(reason)
