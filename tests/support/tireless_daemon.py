"""`mediad` with tiny workers that hold their port, restarted at once however often they die.

Cyclic garbage is collected all the time: what only waits for that is no leak.
"""

from __future__ import annotations

import gc
import sys
import threading
import time

from mediad.supervisor import daemon, main
from mediad.supervisor.workers import restarts
from tests.support.workers import tiny

COLLECT_EVERY_S = 0.2


def collect_for_ever() -> None:
    while True:
        time.sleep(COLLECT_EVERY_S)
        gc.collect()


if __name__ == "__main__":
    threading.Thread(target=collect_for_ever, daemon=True).start()
    restarts.FREE_RESTARTS = 1_000_000
    daemon.Daemon.__init__.__defaults__ = (None, tiny("bind"))
    sys.exit(main.main(sys.argv[1:]))
