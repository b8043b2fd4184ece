"""`mediad` with tiny workers: the whole supervisor, no media. Arguments: the workers' mode, then mediad's."""

from __future__ import annotations

import sys

from mediad.supervisor import daemon, main
from tests.support.workers import tiny

if __name__ == "__main__":
    daemon.Daemon.__init__.__defaults__ = (None, tiny(sys.argv[1]))
    sys.exit(main.main(sys.argv[2:]))
