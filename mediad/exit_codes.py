"""The exit codes of mediad and of its workers, which systemd, scripts and the supervisor may rely on.

`RestartPreventExitStatus=69 78` keeps systemd from restarting after errors that only a person can correct.
"""

from __future__ import annotations

from enum import IntEnum

from mediad.errors import ConfigError, MediadError, PortError


class ExitCode(IntEnum):
    """The reasons for which a mediad process ends; numbers as in sysexits.h where it has one for the case."""

    OK = 0
    """Stopped as asked."""
    USAGE = 2
    """The command line could not be read (argparse's own code)."""
    PORT = 69
    """A port, or the admin socket, is taken or may not be opened (EX_UNAVAILABLE). Not worth retrying."""
    SOFTWARE = 70
    """A worker could not be started, or an unexpected error occurred (EX_SOFTWARE). Worth retrying."""
    CONFIG = 78
    """A setting is wrong, or the installation lacks something (EX_CONFIG). Not worth retrying."""


def exit_code_for(error: MediadError) -> ExitCode:
    """The exit code for an error that keeps a process from running."""
    match error:
        case ConfigError():
            return ExitCode.CONFIG
        case PortError():
            return ExitCode.PORT
        case _:
            return ExitCode.SOFTWARE


def error_for(status: int, reason: str) -> MediadError:
    """The error behind the exit status of a mediad process; the inverse of `exit_code_for`."""
    match status:
        case ExitCode.CONFIG:
            return ConfigError(reason)
        case ExitCode.PORT:
            return PortError(reason)
        case _:
            return MediadError(reason)
