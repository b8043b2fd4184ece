"""Entry point of a recorder process: `python -m mediad.recorder READ_FD WRITE_FD LEVEL FORMAT HOW DIRECTORY`.

The supervisor starts it. The descriptors are the recorder's ends of the pipes; LEVEL and FORMAT are those of
the log. HOW it is confined is "files", "ffmpeg" (which it may start) or "off"; it may write below DIRECTORY
alone. A daemon that was started before an upgrade leaves out the last two. The exit code is 0 when the pipe
ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

import uvloop

from mediad import logs
from mediad.confinement.confine import CONFINEMENT_OFF, confine_recorder
from mediad.exit_codes import ExitCode
from mediad.recorder.process import serve, settle_in

logger = logging.getLogger("mediad.recorder")


def main(argv: Sequence[str]) -> int:
    """Run a recorder and return its exit code; `argv` without the program's name."""
    if len(argv) not in (4, 6):
        print("mediad.recorder is started by mediad, not by hand", file=sys.stderr)
        return ExitCode.USAGE
    read_fd, write_fd, level, form, *confined = argv
    settle_in()
    try:
        confinement = confine_recorder(*confined or ("off", ""))
    except OSError as error:
        print(f"mediad.recorder: it cannot be confined: {error}; {CONFINEMENT_OFF}", file=sys.stderr)
        return ExitCode.CONFIG
    logs.setup(level, form)
    logger.debug("recorder %d: %s", os.getpid(), confinement)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(int(read_fd), int(write_fd)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
