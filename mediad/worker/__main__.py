"""Entry point of a worker process: `python -m mediad.worker READ_FD WRITE_FD SETTINGS`.

The supervisor starts it. The two descriptors are the worker's ends of the pipes, SETTINGS is WorkerSettings
as JSON. Exit codes are mediad.exit_codes: 0 when the supervisor closed its pipe, 69 for a port, 78 for a
setting, 70 for anything else.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import uvloop

from mediad import logs, needs
from mediad.config.settings import WorkerSettings
from mediad.confinement.confine import CONFINEMENT_OFF, confine_worker
from mediad.errors import ConfigError
from mediad.exit_codes import ExitCode
from mediad.worker.process import serve, settle_in


def main(argv: Sequence[str]) -> int:
    """Run a worker and return its exit code; `argv` without the program's name."""
    if len(argv) != 3:
        print("mediad.worker is started by mediad, not by hand", file=sys.stderr)
        return ExitCode.USAGE
    read_fd, write_fd, text = argv
    try:
        settings = WorkerSettings.from_json(text)
    except ConfigError as error:
        print(f"mediad.worker: {error}", file=sys.stderr)
        return ExitCode.CONFIG
    if problem := needs.fatal_problem():
        print(f"mediad.worker: {problem}", file=sys.stderr)
        return ExitCode.CONFIG
    from mediad.worker.server import WorkerServer  # loads the native code

    settle_in(settings.worker_id)
    try:
        confinement = confine_worker(settings.confinement)
    except OSError as error:
        print(f"mediad.worker: it cannot be confined: {error}; {CONFINEMENT_OFF}", file=sys.stderr)
        return ExitCode.CONFIG
    logs.set_addresses(settings.log_addresses, settings.own_addresses)
    logs.setup(settings.log_level, settings.log_format, worker=settings.worker_id)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, int(read_fd), int(write_fd), WorkerServer, confinement))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
