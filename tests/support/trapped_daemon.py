"""`mediad` with real workers that crash when they are asked to make a producer whose mid is "trap", and,
having answered, when it is "mine".

Without further arguments than a worker's own, it is such a worker.
"""

from __future__ import annotations

import asyncio
import os
import sys

from mediad.pipe.messages import Done
from mediad.pipe.requests import CreateProducer
from mediad.supervisor import daemon, main

COMMAND = (sys.executable, "-m", "tests.support.trapped_daemon")


def be_worker(argv: list[str]) -> int:
    from mediad.worker import __main__ as worker
    from mediad.worker.methods import Methods

    create_producer = Methods.create_producer

    async def trapped(self: Methods, request: CreateProducer) -> Done:
        if request.rtp_parameters.mid == "trap":
            os.abort()
        if request.rtp_parameters.mid == "mine":
            asyncio.get_running_loop().call_later(0.01, os.abort)
        return await create_producer(self, request)

    Methods.create_producer = trapped  # type: ignore[method-assign]
    return worker.main(argv)


if __name__ == "__main__":
    if sys.argv[1] != "--port":
        sys.exit(be_worker(sys.argv[1:]))
    daemon.Daemon.__init__.__defaults__ = (None, COMMAND)
    sys.exit(main.main(sys.argv[1:]))
