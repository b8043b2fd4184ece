"""`mediad` with tiny workers that hold their port, restarted at once however often they die."""

from __future__ import annotations

import sys

from mediad.supervisor import daemon, main, restarts
from tests.support.workers import tiny

if __name__ == "__main__":
    restarts.FREE_RESTARTS = 1_000_000
    daemon.Daemon.__init__.__defaults__ = (None, tiny("bind"))
    sys.exit(main.main(sys.argv[1:]))
