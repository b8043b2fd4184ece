"""Entry point of a recorder process: `python -m mediad.recorder READ_FD WRITE_FD LEVEL FORMAT`.

The supervisor starts it. The descriptors are the recorder's ends of the pipes; LEVEL and FORMAT are those of
the log. The exit code is 0 when the pipe ended.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import uvloop

from mediad import logs
from mediad.exit_codes import ExitCode
from mediad.recorder.process import serve, settle_in


def main(argv: Sequence[str]) -> int:
    """Run a recorder and return its exit code; `argv` without the program's name."""
    if len(argv) != 4:
        print("mediad.recorder is started by mediad, not by hand", file=sys.stderr)
        return ExitCode.USAGE
    read_fd, write_fd, level, form = argv
    settle_in()
    logs.setup(level, form)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(int(read_fd), int(write_fd)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
