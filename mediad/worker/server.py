"""WorkerServer: the server of a worker process, its port, its requests about the process, its statistics."""

from __future__ import annotations

import dataclasses
import socket
from collections import Counter

import msgspec
import psutil

from mediad import logs
from mediad.clock import LoopClock
from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidState
from mediad.heap import HeapKeeper, trim_heap
from mediad.metering.loop_lag import LoopLag
from mediad.pipe.messages import Done, Handler
from mediad.pipe.misfits import Misfits
from mediad.pipe.worker_requests import Configure, GetWorkerStats, Ping, TrimMemory
from mediad.pipe.worker_stats import WorkerStats
from mediad.sockets import bind_udp
from mediad.worker.context import RouterContext
from mediad.worker.media.plane import MediaPlane
from mediad.worker.methods import Methods
from mediad.worker.objects import Objects
from mediad.worker.process import Emit
from mediad.worker.sampling import Sampler


class WorkerServer:
    """The server of one worker. `start` binds the shared port and starts the media thread."""

    def __init__(self, settings: WorkerSettings, emit: Emit, misfits: Misfits) -> None:
        """Prepare a server; `misfits` are the requests that could not be read, counted by the channel."""
        clock = LoopClock()
        self._plane = MediaPlane(clock)
        self.objects = Objects(RouterContext(self._plane, emit, clock), settings)
        self._methods = Methods(self.objects, clock)
        self._misfits = misfits
        self._udp_buffer_bytes = 0
        self._lag = LoopLag(clock)
        self._heap = HeapKeeper(trim_heap, clock)
        self._sampler = Sampler(self.objects.transports, clock)

    async def start(self) -> None:
        """Bind the port and start. Raises PortError or ConfigError when the port cannot be bound."""
        settings = self.objects.settings
        sock = bind_udp(settings.listen_ip, settings.rtc_first_port, settings.udp_buffer_bytes)
        # the kernel includes its own overhead and reports twice the size it was asked for; socket(7)
        self._udp_buffer_bytes = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        self._plane.start()
        self._plane.add_socket(sock)
        self._lag.start()
        self._heap.start()
        self._sampler.start()

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            Ping.answered_by(self.ping),
            GetWorkerStats.answered_by(self.stats),
            TrimMemory.answered_by(self.trim),
            Configure.answered_by(self.configure),
            *self._methods.handlers(),
        ]

    def close(self) -> None:
        """Close every transport, tell its client, then end the media thread."""
        self.objects.close()
        self._lag.stop()
        self._heap.stop()
        self._sampler.stop()
        self._plane.stop()

    async def ping(self, request: Ping) -> Done:
        """Answer after the media thread has answered: a worker whose media thread hangs forwards nothing."""
        if not self._plane.alive:
            raise InvalidState("the media thread has ended")
        await self._plane.turn()
        return Done()

    async def trim(self, request: TrimMemory) -> Done:
        trim_heap()
        return Done()

    async def configure(self, request: Configure) -> Done:
        """Use new settings: for new transports, and at once for the log."""
        changes = msgspec.structs.asdict(request)
        self.objects.configure(dataclasses.replace(self.objects.settings, **changes))
        logs.set_level(request.log_level)
        return Done()

    async def stats(self, request: GetWorkerStats) -> WorkerStats:
        counters = self._plane.counters()
        refused, ice, dtls = Counter(self.objects.refused), Counter[str](), Counter[str]()
        for transport in self.objects.transports():
            refused.update(transport.dropped())
            ice[transport.ice_state] += 1
            dtls[transport.dtls_state] += 1
        dropped = {name.removeprefix("drop_"): n for name, n in counters.items() if name.startswith("drop_")}
        return WorkerStats(
            rss_bytes=psutil.Process().memory_info().rss,
            dropped=dropped | refused,
            counters={name: n for name, n in counters.items() if not name.startswith("drop_")},
            packet_slots=self._plane.packet_slots(),
            udp_gso=self._plane.udp_gso,
            udp_gro=self._plane.udp_gro,
            udp_buffer_bytes=self._udp_buffer_bytes,
            parked=self.objects.parked,
            ice_states=dict(ice),
            dtls_states=dict(dtls),
            loop_lag=self._lag.report(),
            links=self._sampler.report(),
            log=logs.counts(),
            misfits=dict(self._misfits.counts),
            **self._plane.counts(),
        )
