"""The command `mediactl`: asks a running mediad through its admin socket.

0  done                              3  mediad is not running
1  mediad refused, or failed at it   4  this user may not ask
2  the command line makes no sense   5  no sensible answer came
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum

from mediad import __version__
from mediad.config import admin_socket_candidates
from mediad.ctl.client import connect
from mediad.ctl.commands import COMMANDS, Command
from mediad.errors import EnvelopeError, Forbidden, MediadError, Unavailable


class CtlExit(IntEnum):
    """How mediactl ends."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_RUNNING = 3
    NOT_ALLOWED = 4
    NO_ANSWER = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; `argv` without the program's name."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        return _ask(command, _socket_paths(arguments.admin_socket, os.environ), arguments.json)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CtlExit.OK


def _ask(command: Command, paths: Sequence[str], as_json: bool) -> int:
    try:
        client = connect(paths)
    except Unavailable as error:
        return _fail(error, CtlExit.NOT_RUNNING)
    except Forbidden as error:
        return _fail(error, CtlExit.NOT_ALLOWED)
    try:
        answer = client.call(command.method, {})
    except EnvelopeError as error:
        return _fail(error, CtlExit.NO_ANSWER)
    except MediadError as error:
        return _fail(error, CtlExit.REFUSED)
    finally:
        client.close()
    print(json.dumps(answer, indent=2) if as_json else command.show(answer), flush=True)
    return CtlExit.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mediactl",
        description="Ask a running mediad.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 mediad is not running, "
        "4 not allowed, 5 no sensible answer.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mediactl {__version__}")
    _add_options(parser)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for command in COMMANDS:
        verb = verbs.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        _add_options(verb, after_verb=True)
        verb.set_defaults(command=command)
    return parser


def _add_options(parser: argparse.ArgumentParser, *, after_verb: bool = False) -> None:
    """The same options before and after the verb; unset after it, they leave alone what stood before it."""
    json_default, path_default = (argparse.SUPPRESS,) * 2 if after_verb else (False, None)
    parser.add_argument("--json", action="store_true", default=json_default, help="print the answer as JSON")
    parser.add_argument(
        "--admin-socket",
        metavar="PATH",
        default=path_default,
        help="where mediad listens (also MEDIAD_ADMIN_SOCKET)",
    )


def _socket_paths(given: str | None, environ: Mapping[str, str]) -> list[str]:
    named = given or environ.get("MEDIAD_ADMIN_SOCKET")
    return [named] if named else admin_socket_candidates(environ)


def _fail(error: MediadError, code: CtlExit) -> int:
    print(f"mediactl: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
