"""Messages of data channels through a worker process: CPU time for each one delivered, latency, memory.

One client sends, many receive; all of them live in this process, on the product's own SCTP and DTLS. What is
measured is the CPU time of the worker's process.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import psutil
import uvloop

from mediad.clock import LoopClock
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.protocols.envelope import Response
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.sctp import Sctp
from tests.support.imports import ROOT
from tests.support.loops import until
from tests.support.media_peer import MediaPeer
from tests.support.negotiation import chrome_opus
from tests.support.served_worker import consumer, producer
from tests.support.worker_shell import REAL, Started, started_worker

_SENT = struct.Struct("!d")


@dataclass(frozen=True, slots=True)
class Load:
    """Messages of `size` bytes, `per_s` of them, to each of `consumers`, for `seconds`."""

    size: int
    per_s: float
    consumers: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of a load."""

    expected: int
    delivered: int
    cpu_s: float
    latencies_s: list[float]
    rss_bytes: int
    dropped: dict[str, int]
    call_latencies_s: list[float]
    """Latencies of packets of a call in the same worker, meanwhile."""

    @property
    def us_per_message(self) -> float:
        return self.cpu_s * 1e6 / max(self.delivered, 1)


def share_ms(latencies_s: list[float], share: float) -> float:
    """Return the latency in milliseconds that so large a share of them does not exceed."""
    return sorted(latencies_s)[int(share * (len(latencies_s) - 1))] * 1000


class Client:
    """One client with data channels. `latencies_s`: of each message that came."""

    def __init__(self, sctp: Sctp, media: MediaPeer) -> None:
        self.latencies_s: list[float] = []
        self._media = media
        self.channels = DataChannels(sctp, LoopClock(), lambda state, reason: None, self._send)
        media.dtls.on_data = self.channels.receive

    @classmethod
    async def connect(
        cls, requests: Requests, sctp: Sctp, transport_id: str, host: str = "127.0.0.1"
    ) -> Client:
        """Make a transport and connect to it; SCTP waits for `secured`."""
        created = requests.ask("transport.create", routerId="r", transportId=transport_id, enableSctp=True)
        media = MediaPeer(created, host=host)
        requests.ask("transport.connect", transportId=transport_id, dtlsParameters=media.dtls.parameters)
        await media.connect()
        return cls(sctp, media)

    def secured(self) -> None:
        self.channels.secured(self._media.dtls.endpoint.max_message_bytes)

    def receive(self, message: ChannelMessage) -> int:
        self.latencies_s.append(time.monotonic() - _SENT.unpack_from(message.data)[0])
        return 0

    def end(self, reason: str | None) -> None: ...

    def close(self) -> None:
        self.channels.close()
        self._media.close()

    def _send(self, packets: list[bytes]) -> None:
        for packet in packets:
            self._media.send_data(packet)


class Requests:
    """Requests to the worker, one at a time; its events are not looked at."""

    def __init__(self, started: Started) -> None:
        self._started = started

    def ask(self, method: str, **data: object) -> dict[str, Any]:
        message = self._started.ask(method, **data)
        while not isinstance(message, Response):
            message = self._started.hear()
        assert message.ok, message.data
        return dict(message.data)


class Call:
    """A call on the same worker, in a process of its own: one voice (`tests.bench.voice`)."""

    def __init__(self, requests: Requests, seconds: float) -> None:
        created = [requests.ask("transport.create", routerId="r", transportId=id_) for id_ in "ab"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.voice"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write(json.dumps({"created": created, "seconds": seconds, "ssrc": 1111, "payloadType": 111}))
        for id_, parameters in zip("ab", json.loads(self._read()), strict=True):
            requests.ask("transport.connect", transportId=id_, dtlsParameters=parameters)
        self._write("")
        self._read()
        requests.ask("producer.create", **producer(chrome_opus(), "audio"))
        requests.ask("consumers.create", **consumer(chrome_opus(), "audio"))

    def begin(self) -> None:
        self._write("")

    def latencies_s(self) -> list[float]:
        """Wait for the end, and return how long each packet took."""
        found = json.loads(self._read())
        self._process.communicate()
        return list(found)

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


async def measure(load: Load) -> Measured:
    """Start a worker and put a load on it."""
    with started_worker(REAL) as started:
        requests = Requests(started)
        requests.ask("router.create", routerId="r")
        sctp = Sctp(LoopClock())
        sender, *receivers = [await Client.connect(requests, sctp, str(n)) for n in range(load.consumers + 1)]
        stream = SctpStreamParameters(0)
        requests.ask(
            "dataProducer.create",
            transportId="0",
            dataProducerId="data",
            sctpStreamParameters={"streamId": 0},
        )
        wanted = [
            {"dataConsumerId": f"c{n}", "transportId": str(n), "dataProducerId": "data"}
            for n in range(1, load.consumers + 1)
        ]
        requests.ask("dataConsumers.create", consumers=wanted)
        lane = sender.channels.add_lane(stream, lambda reason: None)
        for receiver in receivers:
            receiver.channels.add_sink(0, receiver)
        for client in (sender, *receivers):
            client.secured()
        process = psutil.Process(started.process.pid)

        async def send(count: int) -> None:
            begin = time.monotonic()
            for number in range(count):
                data = _SENT.pack(time.monotonic()).ljust(load.size, b"x")
                sender.channels.put(lane, ChannelMessage(BINARY, data))
                if (ahead := (number + 1) / load.per_s - (time.monotonic() - begin)) > 0:
                    await asyncio.sleep(ahead)

        warm_up = max(1, min(50, int(load.per_s)))
        await send(warm_up)
        await until(lambda: all(len(one.latencies_s) == warm_up for one in receivers))
        call = Call(requests, load.seconds)
        call.begin()
        before = process.cpu_times()
        count = int(load.per_s * load.seconds)
        await send(count)
        await _settled(receivers, warm_up + count)
        after = process.cpu_times()
        stats = requests.ask("worker.stats")
        measured = Measured(
            expected=count * load.consumers,
            delivered=sum(len(one.latencies_s) - warm_up for one in receivers),
            cpu_s=after.user + after.system - before.user - before.system,
            latencies_s=[latency for one in receivers for latency in one.latencies_s[warm_up:]],
            rss_bytes=stats["rssBytes"],
            dropped={name: n for name, n in stats["dropped"].items() if n},
            call_latencies_s=call.latencies_s(),
        )
        for client in (sender, *receivers):
            client.close()
        return measured


async def _settled(receivers: list[Client], expected: int) -> None:
    """Wait until all has come, or nothing comes any more."""
    last = -1
    while last != (last := sum(len(one.latencies_s) for one in receivers)):
        if last >= expected * len(receivers):
            return
        await asyncio.sleep(0.5)


def run(load: Load) -> Measured:
    """Measure a load on an event loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(load))
