"""WorkerServer: the server of a worker process, its port, its requests about the process, its statistics."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections import Counter

import msgspec

from mediad import logs
from mediad.clock import LoopClock
from mediad.config.listen import ListenInfo
from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidState
from mediad.heap import HeapKeeper, resident_bytes, trim_heap
from mediad.metering.loop_lag import LoopLag
from mediad.pipe.messages import Done, Handler
from mediad.pipe.misfits import Misfits
from mediad.pipe.worker_requests import Configure, GetWorkerStats, Ping, TrimMemory
from mediad.pipe.worker_stats import WorkerStats
from mediad.worker.context import RouterContext
from mediad.worker.data.sctp import Sctp
from mediad.worker.media.plane import MediaPlane
from mediad.worker.methods import Methods
from mediad.worker.objects import Objects
from mediad.worker.process import Emit
from mediad.worker.sampling import Sampler
from mediad.worker.transports.handshakes import Handshakes
from mediad.worker.transports.ports import ports_of
from mediad.worker.transports.webrtc import WebRtcTransport


class WorkerServer:
    """The server of one worker. `start` binds the shared port and starts the media thread."""

    def __init__(self, settings: WorkerSettings, emit: Emit, misfits: Misfits) -> None:
        """Prepare a server; `misfits` are the requests that could not be read, counted by the channel."""
        clock = LoopClock()
        self._plane = MediaPlane(clock, tcp_connections_per_address=settings.rtc_tcp_connections_per_address)
        self._ports = ports_of(self._plane, settings)
        self._sctp = Sctp(clock)
        self._handshakes = Handshakes(clock)
        context = RouterContext(self._plane, emit, clock, self._ports, self._sctp, self._handshakes)
        self.objects = Objects(context, settings)
        self._methods = Methods(self.objects, clock)
        self._misfits = misfits
        self._udp_buffer_bytes = 0
        self._lag = LoopLag(clock)
        self._heap = HeapKeeper(trim_heap, clock)
        self._sampler = Sampler(self.objects.transports, clock)

    async def start(self) -> None:
        """Bind the port and start. Raises PortError or ConfigError when the port cannot be bound."""
        self._udp_buffer_bytes = self._ports.bind()
        self._plane.start()
        self._allow_sources()
        self._ports.open()
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
        """Use new settings: for new transports, and at once for the log and for sources of packets."""
        self.objects.configure(_changed(self.objects.settings, request))
        self._allow_sources()
        logs.set_level(request.log_level)
        logs.set_addresses(request.log_addresses, self.objects.settings.own_addresses)
        return Done()

    def _allow_sources(self) -> None:
        networks = map(ipaddress.ip_network, self.objects.settings.plain_source_allow)
        self._plane.allow_sources(list(networks))

    async def stats(self, request: GetWorkerStats) -> WorkerStats:
        counters = self._plane.counters()
        refused = Counter(self.objects.refused)
        refused["dtls_address_budget"] = self._handshakes.over_budget
        ice, dtls, sctp = Counter[str](), Counter[str](), Counter[str]()
        for transport in self.objects.transports():
            refused.update(transport.dropped())
            if not isinstance(transport, WebRtcTransport):
                continue
            ice[transport.ice_state] += 1
            dtls[transport.dtls_state] += 1
            if transport.data is not None:
                sctp[transport.data.state] += 1
        refused.update(
            {name.removeprefix("drop_"): n for name, n in counters.items() if name.startswith("drop_")}
        )
        return WorkerStats(
            rss_bytes=resident_bytes(),
            dropped=dict(refused) | self._sctp.losses(),
            counters={name: n for name, n in counters.items() if not name.startswith("drop_")},
            packet_slots=self._plane.packet_slots(),
            udp_gso=self._plane.udp_gso,
            udp_gro=self._plane.udp_gro,
            udp_buffer_bytes=self._udp_buffer_bytes,
            parked=self.objects.parked,
            ice_states=dict(ice),
            dtls_states=dict(dtls),
            sctp_states=dict(sctp),
            data=self._sctp.report(),
            loop_lag=self._lag.report(),
            links=self._sampler.report(),
            log=logs.counts(),
            ports=self._ports.use(),
            port_refusals=self._ports.refusals,
            misfits=dict(self._misfits.counts),
            **self._plane.counts(),
        )


def _changed(settings: WorkerSettings, request: Configure) -> WorkerSettings:
    """Return settings with what the supervisor asks for; an older one announces one address."""
    changes = msgspec.structs.asdict(request)
    announced, alone = changes.pop("announced"), changes.pop("announced_ip")
    infos = settings.listen_infos
    if not announced:
        announced = [[alone or infos[0].ip], *(info.announced for info in infos[1:])]
    told = tuple(ListenInfo(info.ip, tuple(ips)) for info, ips in zip(infos, announced, strict=True))
    return dataclasses.replace(settings, listen_infos=told, **changes)
