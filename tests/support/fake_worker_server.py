"""A worker process with the real shell and nothing to serve; arguments: a mode, then a worker's own."""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop

from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidState
from mediad.pipe.events import SpeakerChanged
from mediad.pipe.messages import Done, Handler
from mediad.pipe.misfits import Misfits
from mediad.sockets import bind_udp
from mediad.worker.process import Emit, serve, settle_in
from tests.support.tiny_requests import Echo, Hang, Number, Refuse, TellEvents


class FakeServer:
    """Binds its first port, echoes, and says on standard output that it was closed."""

    def __init__(self, settings: WorkerSettings, emit: Emit, misfits: Misfits) -> None:
        self._settings = settings
        self._emit = emit

    async def start(self) -> None:
        if sys.argv[1] == "broken":
            raise OSError(5, "the disk is on fire")
        self._socket = bind_udp(self._settings.listen_infos[0].ip, self._settings.rtc_first_port, 65_536)

    def handlers(self) -> list[Handler]:
        return [
            Echo.answered_by(self._echo),
            Refuse.answered_by(self._refuse),
            Hang.answered_by(self._hang),
            TellEvents.answered_by(self._tell),
        ]

    async def _echo(self, request: Echo) -> Number:
        return Number(request.n)

    async def _refuse(self, request: Refuse) -> Done:
        raise InvalidState("not now")

    async def _hang(self, request: Hang) -> Done:
        time.sleep(60)  # noqa: ASYNC251 - the loop must stand still
        return Done()

    async def _tell(self, request: TellEvents) -> Done:
        self._emit(SpeakerChanged("p", router_id="r"))
        return Done()

    def close(self) -> None:
        print("goodbye", flush=True)


if __name__ == "__main__":
    settings = WorkerSettings.from_json(sys.argv[4])
    settle_in(settings.worker_id)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(serve(settings, int(sys.argv[2]), int(sys.argv[3]), FakeServer)))
