"""`mediad` with real workers, of which worker 0 dies a moment after each start.

Without further arguments than a worker's own, it is such a worker.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from mediad.supervisor import daemon, main

COMMAND = (sys.executable, "-m", "tests.support.doomed_daemon")
LIFE_S = 3.0
"""The life of worker 0 from its beginning; until it is ready takes a busy machine some of it."""


def be_worker(argv: list[str]) -> int:
    from mediad.worker import __main__ as worker

    if json.loads(argv[2])["worker_id"] == 0:
        threading.Timer(LIFE_S, os.abort).start()
    return worker.main(argv)


if __name__ == "__main__":
    if sys.argv[1] != "--port":
        sys.exit(be_worker(sys.argv[1:]))
    daemon.Daemon.__init__.__defaults__ = (None, COMMAND)
    sys.exit(main.main(sys.argv[1:]))
