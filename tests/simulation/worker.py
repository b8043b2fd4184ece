"""A worker in fake time: its own objects and its own engine, with the clock and the sockets replaced."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import Any
from unittest.mock import patch

import msgspec

from mediad._fastpath.door.events import Event, StatsAnswered
from mediad._fastpath.door.media_loop import Kind
from mediad.clock import Clock
from mediad.ortc.acceptance import AcceptedProducer
from mediad.ortc.negotiation import consumer_parameters
from mediad.ortc.parameters import RtpCapabilities
from mediad.pipe.events import RouterEvent
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.protocols.ice_paths import Path
from mediad.worker.context import RouterContext
from mediad.worker.data.sctp import Sctp
from mediad.worker.media import plane as plane_module
from mediad.worker.media.plane import MediaPlane
from mediad.worker.router import Router
from mediad.worker.speakers import VolumeOptions
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.tracks.producer_form import ProducerForm
from mediad.worker.transports.handshakes import Handshakes
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.simulation.clock import Alarm, SimulatedClock, Timer
from tests.support.negotiation import accept, chrome_capabilities, codec
from tests.support.worker_objects import CERTIFICATE, OPTIONS, OnePort, as_consumer
from tests.windows.engine import EngineWindow

OFFERED = (
    codec("audio/opus", 48000, 2),
    codec("video/VP8"),
    codec("video/H264", packetization_mode=1, profile_level_id="42e01f", level_asymmetry_allowed=1),
    codec("video/VP9", profile_id=0),
    codec("video/AV1"),
)


_NUMBERS = count(1)


class EngineLoop(EngineWindow):
    """The engine where the media thread's loop stands otherwise. Packets travel unencrypted."""

    event_fd = -1  # of each a number of its own, given by `engine_plane`

    def open_transport(self, handle: int, **parameters: Any) -> None:
        super().open_transport(handle, **{**parameters, "secure": False})

    def drain(self, limit: int = 512) -> list[Event]:
        return self.events()

    def send_raw(self, socket: int, data: bytes, host: str, port: int, local: str) -> bool:
        """STUN and DTLS; nobody would answer."""
        return True

    def run(self) -> None:
        """The clock ticks the engine, not a thread."""

    def stop(self) -> None: ...


class WorkerClock:
    """The call's clock as the worker's objects know clocks."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock

    def now_us(self) -> int:
        return self._clock.now_us

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        return self._clock.at(when_us, callback)


def engine_plane(clock: Clock) -> tuple[MediaPlane, EngineLoop]:
    made: list[EngineLoop] = []

    def make(**capacities: int) -> EngineLoop:
        made.append(EngineLoop(packet_slots=32_768, transports=128, producers=32, consumers=512))
        made[0].event_fd = -next(_NUMBERS)
        return made[0]

    with patch.object(plane_module, "MediaLoop", make):
        plane = MediaPlane(clock)
    return plane, made[0]


class SimulatedWorker:
    """A worker in fake time: each turn of the clock sends packets, handles events and sets the timer."""

    def __init__(self, clock: SimulatedClock, offered: RtpCapabilities) -> None:
        self.events: list[tuple[int, RouterEvent]] = []  # time, and what the supervisor would hear
        self.offered = offered
        self._clock = clock
        self._exit = ExitStack()
        self._exit.enter_context(clock.running())
        worker_clock = WorkerClock(clock)
        self.plane, self.engine = engine_plane(worker_clock)
        self.plane.start()
        sctp, handshakes = Sctp(worker_clock), Handshakes(worker_clock)
        context = RouterContext(self.plane, self._heard, worker_clock, OnePort(), sctp, handshakes)
        self.router = Router(context, "r", CERTIFICATE, VolumeOptions(800_000, -80), lambda object_id: None)
        self.on_event: Callable[[RouterEvent], object] = lambda event: None
        self._hosts: dict[str, str] = {}  # by transport id
        self._ports: dict[str, Callable[[bytes], object]] = {}
        self._next_ssrc = 700_000_000
        self._alarm = Alarm(clock, lambda: self.engine.tick(clock.now_us))
        self._turn_inside = clock.turn  # of another worker in the same call, or the callback alone
        clock.turn = self._turn

    def close(self) -> None:
        self.router.close()
        self.settle()
        self.plane.stop()
        self._exit.close()

    def connect(self, transport_id: str, deliver: Callable[[bytes], object]) -> WebRtcTransport:
        """A transport whose client was found and has proved itself; `deliver` gets what is sent to it."""
        host = f"10.0.{len(self._ports) // 250}.{len(self._ports) % 250 + 1}"
        transport = self.router.create_transport(transport_id, OPTIONS)
        path = Path(0, host, 5000)
        self.plane.add_address(transport.open(), path)
        self.plane.select_address(transport.open(), path)
        self._hosts[transport_id] = host
        self._ports[host] = deliver
        return transport

    def arrived(self, transport: WebRtcTransport, data: bytes) -> None:
        """A datagram of this transport's client."""
        assert self.engine.receive(0, self._hosts[transport.id], 5000, data, self._clock.now_us)

    def produce(
        self, transport: WebRtcTransport, producer_id: str, kind: str, wire: dict[str, Any]
    ) -> tuple[Producer, AcceptedProducer]:
        accepted = accept(wire, self.offered, kind=kind)
        parameters = msgspec.convert(accepted.rtp_parameters.to_wire(), RtpParameters)
        mapping = msgspec.convert(accepted.mapping.to_wire(), RtpMapping)
        form = ProducerForm.of(kind, parameters, mapping)
        producer = self.router.create_producer(transport, producer_id, form)
        return producer, accepted

    def consume(
        self,
        transport: WebRtcTransport,
        consumer_id: str,
        producer: Producer,
        accepted: AcceptedProducer,
        preferred_layers: tuple[int, int | None] | None = None,
    ) -> tuple[Consumer, RtpParameters]:
        self._next_ssrc += 2
        wire = consumer_parameters(
            accepted.consumable,
            chrome_capabilities(self.offered),
            enable_rtx=producer.kind == "video",
            ssrc=self._next_ssrc,
            mid=str(len(transport.consumers)),
        ).to_wire()
        parameters = msgspec.convert(wire, RtpParameters)
        consumer = self.router.create_consumer(
            transport,
            consumer_id,
            producer,
            *as_consumer(accepted.type, parameters),
        )
        if preferred_layers is not None:
            consumer.set_preferred_layers(*preferred_layers)
        return consumer, parameters

    def records(self, kind: Kind, handle: int) -> list[dict[str, Any]]:
        """Return the engine's statistics of an object; only the last thing in a call, for it drops events."""
        self.engine.request_stats(1, kind, handle)
        (answer,) = (event for event in self.engine.events() if isinstance(event, StatsAnswered))
        return answer.records

    def _turn(self, timer: Timer) -> None:
        self.engine.at(self._clock.now_us)
        self._turn_inside(timer)
        self.settle()

    def settle(self) -> None:
        """Settle at the end of a turn, and after commands from outside one."""
        now_us = self._clock.now_us
        self._clock.readers[self.engine.event_fd]()
        for _, host, _, data in self.engine.outbox():
            self._ports[host](data)
        deadline_us = self.engine.deadline()
        if deadline_us:
            self._alarm.by(max(deadline_us, now_us + 1))

    def _heard(self, event: RouterEvent) -> None:
        self.events.append((self._clock.now_us, event))
        self.on_event(event)
