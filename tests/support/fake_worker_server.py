"""A worker process with the real shell and nothing to serve; arguments: a mode, then a worker's own."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import uvloop

from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidState
from mediad.sockets import bind_udp
from mediad.worker.process import Emit, serve, settle_in


class FakeServer:
    """Binds its first port, echoes, and says on standard output that it was closed."""

    def __init__(self, settings: WorkerSettings, emit: Emit) -> None:
        self._settings = settings
        self._emit = emit

    async def start(self) -> None:
        if sys.argv[1] == "broken":
            raise OSError(5, "the disk is on fire")
        self._socket = bind_udp(self._settings.listen_ip, self._settings.rtc_first_port, 65_536)

    async def handle(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        if method == "refuse":
            raise InvalidState("not now")
        if method == "hang":
            time.sleep(60)  # noqa: ASYNC251 - the loop must stand still
        if method == "event":
            self._emit("producer.score", data)
        return data

    def close(self) -> None:
        print("goodbye", flush=True)


if __name__ == "__main__":
    settings = WorkerSettings.from_json(sys.argv[4])
    settle_in(settings.worker_id)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(serve(settings, int(sys.argv[2]), int(sys.argv[3]), FakeServer)))
