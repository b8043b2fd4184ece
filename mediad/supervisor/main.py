"""The command `mediad`: reads the settings, runs the daemon, and ends with an exit code that tells why.

    0   stopped as asked                       69  a port or the admin socket is taken
    2   the command line is wrong              70  an unexpected error; worth a restart
                                               78  a setting is wrong, or the installation

After 2, 69 or 78 a restart does not help: a person has to change something first.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence

import uvloop

from mediad import __version__, logs, needs
from mediad.config.announced import cautions
from mediad.config.load import Loaded, add_flags, load
from mediad.config.sample import sample
from mediad.config.settings import KEYS
from mediad.errors import ConfigError
from mediad.exit_codes import ExitCode
from mediad.supervisor.daemon import Daemon

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; `argv` is without the program's name."""
    parser = _parser()
    arguments = vars(parser.parse_args(argv))
    if arguments["sample_config"]:
        print(sample(), end="")
        return ExitCode.OK
    try:
        loaded = _load(arguments, os.environ)
        if not arguments["check_config"]:
            logs.setup(loaded.settings.log_level, loaded.settings.log_format)
        daemon = Daemon(loaded)
    except ConfigError as error:
        for line in str(error).splitlines():
            print(f"mediad: {line}", file=sys.stderr)
        return ExitCode.CONFIG
    warnings = cautions(loaded.settings)
    if arguments["check_config"]:
        for warning in warnings:
            print(f"mediad: warning: {warning}", file=sys.stderr)
        print("The settings can be used, but see the warnings." if warnings else "The settings are right.")
        return ExitCode.OK
    if problem := needs.fatal_problem():
        print(f"mediad: {problem}", file=sys.stderr)
        return ExitCode.CONFIG
    if problem := needs.page_problem():
        logger.warning("%s", problem)
    for warning in warnings:
        logger.warning("%s", warning)
    return _run(daemon)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mediad",
        description="A WebRTC media server (SFU).",
        epilog="Each setting may also stand in the TOML file under its name with underscores, or in the "
        "environment as MEDIAD_ and its name in capitals. Flags beat the environment, which beats the file.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mediad {__version__}")
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings (also MEDIAD_CONFIG)")
    parser.add_argument(
        "--check-config", action="store_true", help="say whether the settings are right, and start nothing"
    )
    parser.add_argument(
        "--sample-config", action="store_true", help="print a settings file with every key, and start nothing"
    )
    add_flags(parser)
    return parser


def _load(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> Loaded:
    path = arguments["config"] or environ.get("MEDIAD_CONFIG") or None
    flags = {name: arguments[name] for name in KEYS}
    return load(path=path, environ=environ, flags=flags)


def _run(daemon: Daemon) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(daemon.run())


if __name__ == "__main__":
    sys.exit(main())
