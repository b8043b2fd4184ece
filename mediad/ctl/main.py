"""The command `mediactl`: asks a running mediad through its admin socket.

    0  done                              4    this user may not ask
    1  mediad refused, or failed at it   5    no sensible answer came
2  the command line makes no sense   130  Ctrl-C
3  mediad is not running
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mediad import __version__
from mediad.config.settings import admin_socket_candidates
from mediad.ctl.client import NotAllowed, NotRunning
from mediad.ctl.command import Command
from mediad.ctl.commands import COMMANDS, GROUPS
from mediad.ctl.completion import candidates, ids, spell
from mediad.ctl.exits import CtlExit
from mediad.ctl.session import Session
from mediad.errors import EnvelopeError, MediadError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; `argv` is without the program's name."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["__complete"]:
        return _complete(argv[1:])
    given = vars(build_parser().parse_args(argv))
    command: Command = given["command"]
    session = Session(_socket_paths(given["admin_socket"], os.environ), as_json=given["json"])
    try:
        return _run(command, session, command.data(given))
    except BrokenPipeError:  # the reader of our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CtlExit.OK
    except KeyboardInterrupt:
        return CtlExit.INTERRUPTED
    finally:
        session.close()


def _complete(words: Sequence[str]) -> int:
    """Print what a shell asks for at each TAB; of `words`, those after `mediactl`, the last is unfinished."""
    named = next((after for word, after in itertools.pairwise(words) if word == "--admin-socket"), None)
    session = Session(_socket_paths(named, os.environ), as_json=False)
    try:
        print(spell(candidates(COMMANDS, GROUPS, words, ids(session))), end="")
    finally:
        session.close()
    return CtlExit.OK


def _run(command: Command, session: Session, data: dict[str, Any]) -> int:
    try:
        return command.run(session, data) or CtlExit.OK
    except NotRunning as error:
        return _fail(error, CtlExit.NOT_RUNNING)
    except NotAllowed as error:
        return _fail(error, CtlExit.NOT_ALLOWED)
    except EnvelopeError as error:
        return _fail(error, CtlExit.NO_ANSWER)
    except MediadError as error:
        return _fail(error, CtlExit.REFUSED)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs and options."""
    parser = argparse.ArgumentParser(
        prog="mediactl",
        description="Ask a running mediad.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 mediad is not running, "
        "4 not allowed, 5 no sensible answer, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mediactl {__version__}")
    _add_options(parser)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    groups = {}
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        if group and group not in groups:
            about = GROUPS[group]
            parent = verbs.add_parser(group, help=about, description=about, allow_abbrev=False)
            groups[group] = parent.add_subparsers(metavar="VERB", required=True)
        siblings = groups[group] if group else verbs
        verb = siblings.add_parser(name, help=command.help, description=command.help, allow_abbrev=False)
        for argument in command.arguments:
            verb.add_argument(*argument.flags, **argument.options)
        _add_options(verb, after_verb=True)
        verb.set_defaults(command=command)
    return parser


def _add_options(parser: argparse.ArgumentParser, *, after_verb: bool = False) -> None:
    """Add the common options, before and after the verb; unset after it, they keep the value given before."""
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
