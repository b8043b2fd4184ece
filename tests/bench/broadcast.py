"""One sender to many receivers in one room, on one worker and on two joined by a pipe.

Real worker processes are asked as the supervisor asks them. All clients live in this process: each receiver
has a transport with ICE and DTLS of its own, whose packets are read and forgotten by native code. What is
measured is the CPU time of the workers' processes.
"""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.pipe.rtp import RtpMapping, RtpParameters
from tests.bench.data import Requests
from tests.bench.floor import Sink
from tests.support.engine import parse_rtp, rtcp_blocks, rtp
from tests.support.loops import until
from tests.support.media_peer import MediaPeer
from tests.support.negotiation import accept, chrome_vp8
from tests.support.ports import free_port
from tests.support.worker_objects import consumer_wire
from tests.support.worker_settings import worker_settings
from tests.support.worker_shell import REAL, Started

FRAMES_PER_S = 25
FRAME_S = 1 / FRAMES_PER_S
BODY_BYTES = 1100
SSRC, RTX_SSRC = 2222, 2223
CAMERA = chrome_vp8(encodings=[{"ssrc": SSRC, "rtx": {"ssrc": RTX_SSRC}}])
FIRST_CONSUMER_SSRC, PIPE_SSRC = 700_000_000, 400_000_000
PSFB, PLI = 206, 1
JOIN_S = 0.002
WARM_UP_S = 0.5
PORTS = 20  # for one pipe, as other programs may have some of them


@dataclass(frozen=True, slots=True)
class Load:
    """A picture of `packets` packets, 25 times a second, to `consumers`, measured for `seconds`."""

    consumers: int
    packets: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of a load on one worker or several."""

    packets: int
    """Packets forwarded to receivers."""
    expected: int
    wall_s: float
    cpu_s: list[float]
    """The CPU time of each worker."""
    first_frame_s: float
    """The time from the request for the last receiver's consumer to the end of its first picture."""
    requests: int
    """Key frame requests that reached the sender."""
    requests_s: float
    """The time in which they did: that in which all receivers joined, and the measurement."""

    @property
    def us_per_packet(self) -> float:
        return sum(self.cpu_s) * 1e6 / max(self.packets, 1)

    @property
    def loads(self) -> list[float]:
        """The share of a core that each worker takes."""
        return [cpu_s / self.wall_s for cpu_s in self.cpu_s]


@dataclass(frozen=True, slots=True)
class PipeCost:
    """The CPU time that both ends of a pipe need for a packet, at a number of packets a second."""

    us_per_packet: float
    packets_per_s: float


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One load on one worker and on two, and the cost of the pipe between those."""

    one: Measured
    two: Measured
    pipe: PipeCost

    @property
    def gain(self) -> float:
        """The receivers of two workers to those of one, as the busier one is full first."""
        return max(self.one.loads) / max(self.two.loads)


class Camera(MediaPeer):
    """The sender: pictures at a steady rate, key frames when it is asked for them."""

    def start(self, packets: int) -> None:
        self.sent = self.requests = 0
        self.began_s = time.monotonic()
        self._packets = packets
        self._pictures = 0
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        due_s = time.monotonic()
        key = True
        while True:
            self._send_picture(key)
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            key = self._was_asked()

    def _was_asked(self) -> bool:
        blocks = [block for report in self.reports for block in rtcp_blocks(report)]
        self.reports.clear()
        asked = sum(kind == PSFB and form == PLI for kind, form, _ in blocks)
        self.requests += asked
        return asked > 0

    def _send_picture(self, key: bool) -> None:
        number = self._pictures
        self._pictures += 1
        named = struct.pack("!BHBB", 0xE0, 0x8000 | number & 0x7FFF, number & 0xFF, 0)
        head = b"\x00\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" if key else b"\x01\x00\x00"
        for index in range(self._packets):
            first = b"\x90" + named + head if index == 0 else b"\x80" + named
            marker = index == self._packets - 1
            payload = first + bytes(BODY_BYTES)
            timestamp = number * 90_000 // FRAMES_PER_S
            self.send_rtp(rtp(self.sent, timestamp, payload, ssrc=SSRC, marker=marker))
            self.sent += 1


class Worker:
    """A worker process with a router "r"."""

    def __init__(self, number: int, stack: ExitStack) -> None:
        first = free_port()
        settings = worker_settings(
            number, rtc_first_port=first, rtc_last_port=first + PORTS, ice_consent_timeout_s=0
        )
        self._started = Started(REAL, settings)
        stack.callback(self._stop)
        self._requests = Requests(self._started)
        self.ask("router.create", routerId="r")

    def _stop(self) -> None:
        self._started.hang_up()
        self._started.process.wait()
        os.close(self._started.read_fd)
        self._started.stdout.close()

    def ask(self, method: str, **data: object) -> dict[str, Any]:
        return self._requests.ask(method, **data)

    def cpu_s(self) -> float:
        """Return the CPU time of all its threads: schedstat counts nanoseconds, other files hundredths."""
        tasks = Path(f"/proc/{self._started.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def forwarded(self) -> int:
        return int(self.ask("worker.stats")["counters"]["rtp_forwarded"])

    async def connect(self, kind: type[MediaPeer], transport_id: str, host: str = "127.0.0.1") -> Any:
        created = self.ask("transport.create", routerId="r", transportId=transport_id)
        peer = kind(created, host=host)
        self.ask("transport.connect", transportId=transport_id, dtlsParameters=peer.dtls.parameters)
        await peer.connect()
        return peer

    def consume(self, number: int) -> None:
        """Make the consumer of a receiver that is connected."""
        parameters = consumer_wire(accept(CAMERA).consumable)
        ssrc = FIRST_CONSUMER_SSRC + 2 * number
        new = {"consumerId": f"c{number}", "transportId": str(number), "form": 0, "mid": "0"}
        answer = self.ask(
            "consumers.create",
            forms=[{"producerId": "p", "type": "simple", "rtpParameters": parameters}],
            consumers=[new | {"ssrc": ssrc, "rtxSsrc": ssrc + 1}],
        )
        assert "code" not in answer["consumers"][0], answer


async def start_camera(worker: Worker, packets: int) -> Camera:
    accepted = accept(CAMERA)
    camera: Camera = await worker.connect(Camera, "camera")
    worker.ask(
        "producer.create",
        transportId="camera",
        producerId="p",
        kind="video",
        rtpParameters=accepted.rtp_parameters.to_wire(),
        rtpMapping=accepted.mapping.to_wire(),
    )
    camera.start(packets)
    return camera


def pipe(here: Worker, there: Worker) -> None:
    """Join two workers' routers, and pipe the camera from the one to the other."""
    ends = [w.ask("transport.createPipe", routerId="r", transportId="pipe") for w in (here, there)]
    for worker, other in ((here, ends[1]), (there, ends[0])):
        worker.ask("transport.connectPipe", transportId="pipe", ip=other["ip"], port=other["port"])
    consumable = accept(CAMERA).consumable
    wire = pipe_consumer_parameters(consumable, ssrc=PIPE_SSRC, enable_rtx=False).to_wire()
    there.ask(
        "producer.create",
        transportId="pipe",
        producerId="p",
        kind="video",
        rtpParameters=wire,
        rtpMapping=msgspec.to_builtins(RtpMapping.identity(RtpParameters.from_wire(wire))),
    )
    here.ask("consumer.createPipe", transportId="pipe", consumerId="x", producerId="p", rtpParameters=wire)


async def measure(load: Load, workers: int) -> Measured:
    """Let receivers who are connected join one by one, spread evenly; measure; let one more join."""
    with ExitStack() as stack:
        room = [Worker(number, stack) for number in range(workers)]
        camera = await start_camera(room[0], load.packets)
        if workers == 2:
            pipe(*room)
        receivers = []
        for number in range(load.consumers):
            worker = room[number % workers]
            host = f"127.0.{1 + number // 250}.{1 + number % 250}"
            receiver = await worker.connect(MediaPeer, str(number), host)
            receiver.stop_reading()
            receivers.append(receiver)
        sink = Sink([receiver.fileno for receiver in receivers])
        reading = threading.Thread(target=sink.run)
        reading.start()
        for number in range(load.consumers):
            room[number % workers].consume(number)
            await asyncio.sleep(JOIN_S)
        await asyncio.sleep(WARM_UP_S)
        before = [(worker.forwarded(), worker.cpu_s()) for worker in room]
        sent, began_s = camera.sent, time.monotonic()
        await asyncio.sleep(load.seconds)
        wall_s = time.monotonic() - began_s
        sent = camera.sent - sent
        after = [(worker.forwarded(), worker.cpu_s()) for worker in room]
        first_frame_s = await _join_last(room[-1], load.consumers)
        await camera.stop()
        sink.stop()
        reading.join()
        through_pipes = sent * (workers - 1)
        measured = Measured(
            packets=sum(b[0] - a[0] for a, b in zip(before, after, strict=True)) - through_pipes,
            expected=sent * load.consumers,
            wall_s=wall_s,
            cpu_s=[b[1] - a[1] for a, b in zip(before, after, strict=True)],
            first_frame_s=first_frame_s,
            requests=camera.requests,
            requests_s=time.monotonic() - camera.began_s,
        )
        for receiver in receivers:
            receiver.close()
        camera.close()
        return measured


async def _join_last(worker: Worker, number: int) -> float:
    last = await worker.connect(MediaPeer, str(number))
    asked_s = time.monotonic()
    worker.consume(number)
    await until(lambda: any(parse_rtp(packet).marker for packet in last.packets))
    took_s = time.monotonic() - asked_s
    last.close()
    return took_s


async def measure_pipe(load: Load) -> PipeCost:
    """Measure what a pipe adds to the CPU time of two workers without receivers."""
    with ExitStack() as stack:
        here, there = (Worker(number, stack) for number in range(2))
        camera = await start_camera(here, load.packets)
        await asyncio.sleep(WARM_UP_S)
        without_s, _ = await _cpu_s(camera, [here, there], load.seconds)
        pipe(here, there)
        await asyncio.sleep(WARM_UP_S)
        with_s, packets = await _cpu_s(camera, [here, there], load.seconds)
        await camera.stop()
        camera.close()
        return PipeCost((with_s - without_s) * 1e6 / packets, packets / load.seconds)


async def _cpu_s(camera: Camera, workers: list[Worker], seconds: float) -> tuple[float, int]:
    before, sent = sum(worker.cpu_s() for worker in workers), camera.sent
    await asyncio.sleep(seconds)
    return sum(worker.cpu_s() for worker in workers) - before, camera.sent - sent


def run(load: Load) -> Broadcast:
    """Measure a load on one worker, on two, and the pipe between those alone, with ten times the packets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, load.consumers + 1024)), hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        one = runner.run(measure(load, 1))
        two = runner.run(measure(load, 2))
        return Broadcast(one, two, runner.run(measure_pipe(replace(load, packets=10 * load.packets))))
