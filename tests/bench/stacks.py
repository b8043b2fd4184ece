"""SCTP alone, without DTLS and the rest of a worker: a fan-out of messages, and the same through aiortc.

One client sends, and the server gives each message to all others. The server is a process of its own, with
nothing in it but SCTP, an event loop and a socket for each client; the clients are the same for every server.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from mediad._usrsctp.association import Association, SctpStack
from mediad.protocols.sctp_events import MessageReceived
from tests.bench.data import Load
from tests.support.sctp import open_association

PPID_BINARY = 53
STREAM = 1
DATAGRAM_BYTES = 2048
SOCKET_BUFFER_BYTES = 1 << 20
WARM_UP_S = 1.0
AIORTC_PER_S = 40.0
LIMIT = 0.5
"""The largest share of aiortc's cost that is accepted."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Costs of a server while messages flowed, and its memory."""

    deliveries: int
    """Messages that the server got, times the consumers that it gave each to."""
    cpu_us: float
    idle_rss_kib: int
    """RSS before there was an association."""
    rss_kib: int

    @property
    def us_per_delivery(self) -> float:
        return self.cpu_us / max(self.deliveries, 1)


def now_us() -> int:
    return time.monotonic_ns() // 1000


def cpu_us() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def rss_kib() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


# -- servers ---------------------------------------------------------------------------------------------


class Meter:
    """Notes the costs between the first and the last message of a measurement, which the client marks."""

    def __init__(self, consumers: int) -> None:
        self.consumers = consumers
        self.idle_rss_kib = rss_kib()
        self.done: asyncio.Future[Cost] = asyncio.get_running_loop().create_future()
        self._messages = 0
        self._cpu_us = 0.0

    def message(self, data: bytes) -> None:
        self._messages += 1
        if data[:1] == b"S":
            self._messages, self._cpu_us = 0, cpu_us()
        elif data[:1] == b"E" and not self.done.done():
            deliveries = self._messages * self.consumers
            self.done.set_result(Cost(deliveries, cpu_us() - self._cpu_us, self.idle_rss_kib, rss_kib()))


def read_all(end: socket.socket) -> Iterable[bytes]:
    while True:
        try:
            yield end.recv(DATAGRAM_BYTES)
        except BlockingIOError:
            return


async def serve_usrsctp(ends: list[socket.socket], meter: Meter) -> Cost:
    """The fan-out as a worker does it: an event loop that feeds the stack, drains it, and arms one timer."""
    loop = asyncio.get_running_loop()
    stack = SctpStack(now_us())
    associations = {open_association(stack): end for end in ends}
    producer, *consumers = associations
    timer: asyncio.TimerHandle | None = None

    def forward(data: bytes) -> None:
        for consumer in consumers:
            send(consumer, data)
        meter.message(data)

    def drain() -> None:
        nonlocal timer
        while ready := stack.ready():
            for association in ready:
                while event := association.next_event():
                    if isinstance(event, MessageReceived) and association is producer:
                        forward(event.data)
                for packet in association.datagrams_to_send():
                    associations[association].send(packet)
        if timer is None:
            timer = loop.call_later(((stack.get_timer() or 0) - now_us()) / 1e6, tick)

    def tick() -> None:
        nonlocal timer
        timer = None
        stack.handle_timer(now_us())
        drain()

    def readable(association: Association, end: socket.socket) -> None:
        for packet in read_all(end):
            association.receive_datagram(packet, now_us())
        drain()

    for association, end in associations.items():
        loop.add_reader(end, readable, association, end)
        association.connect(now_us())
    drain()
    return await meter.done


class AiortcEnd:
    """A socket as aiortc's SCTP takes it for its DTLS transport."""

    state = "connected"
    _role = "server"

    def __init__(self, end: socket.socket) -> None:
        self.socket = end

    def _register_data_receiver(self, receiver: RTCSctpTransport) -> None:
        pass

    def _unregister_data_receiver(self, receiver: RTCSctpTransport) -> None:
        pass

    async def _send_data(self, data: bytes) -> None:
        self.socket.send(data)


async def serve_aiortc(ends: list[socket.socket], meter: Meter) -> Cost:
    loop = asyncio.get_running_loop()
    producer, *consumers = [RTCSctpTransport(AiortcEnd(end)) for end in ends]  # type: ignore[arg-type]

    async def forward(stream_id: int, ppid: int, data: bytes) -> None:
        for consumer in consumers:
            await consumer._send(STREAM, ppid, data)
        meter.message(data)

    async def take(transport: RTCSctpTransport, packets: list[bytes]) -> None:
        for packet in packets:
            await transport._handle_data(packet)

    tasks: set[asyncio.Task[None]] = set()

    def readable(transport: RTCSctpTransport, end: socket.socket) -> None:
        task = loop.create_task(take(transport, list(read_all(end))))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    producer._receive = forward  # type: ignore[method-assign,assignment]
    for transport, end in zip((producer, *consumers), ends, strict=True):
        loop.add_reader(end, readable, transport, end)
        await transport.start(RTCSctpCapabilities(maxMessageSize=262_144), 5000)
    return await meter.done


SERVERS: dict[str, Callable[[list[socket.socket], Meter], Any]] = {
    "usrsctp": serve_usrsctp,
    "aiortc": serve_aiortc,
}


def run_server(name: str, ends: list[socket.socket], result: Connection) -> None:
    async def serve() -> Cost:
        cost: Cost = await SERVERS[name](ends, Meter(len(ends) - 1))
        return cost

    result.send(json.dumps(asdict(uvloop.run(serve()))))
    os._exit(0)  # aiortc's timers need not end first


# -- clients ---------------------------------------------------------------------------------------------


def send(association: Association, data: bytes) -> bool:
    return association.send(
        STREAM,
        PPID_BINARY,
        data,
        ordered=True,
        max_packet_life_time_ms=None,
        max_retransmits=None,
        now_us=now_us(),
    )


class Clients:
    """One that sends and those that receive, over the other ends of the server's sockets."""

    def __init__(self, ends: list[socket.socket]) -> None:
        self.stack = SctpStack(now_us())
        self.ends = {open_association(self.stack): end for end in ends}
        self.producer = next(iter(self.ends))
        self.connected = self.received = 0
        for association in self.ends:
            association.connect(now_us())

    def turn(self, until_us: int) -> None:
        """Receive and answer until then."""
        by_socket = {end: association for association, end in self.ends.items()}
        self._drain()
        while (left_us := until_us - now_us()) > 0:
            wait_us = min(left_us, (self.stack.get_timer() or until_us) - now_us())
            for end in select.select(list(by_socket), [], [], max(wait_us, 0) / 1e6)[0]:
                for packet in read_all(end):
                    by_socket[end].receive_datagram(packet, now_us())
            self.stack.handle_timer(now_us())
            self._drain()

    def _drain(self) -> None:
        for association in self.stack.ready():
            while event := association.next_event():
                if isinstance(event, MessageReceived):
                    self.received += 1
                else:
                    self.connected += getattr(event, "state", "") == "connected"
            for packet in association.datagrams_to_send():
                self.ends[association].send(packet)

    def send_for(self, seconds: float, load: Load) -> None:
        start_us = now_us()
        for number in range(int(seconds * load.per_s)):
            self.turn(start_us + int(number * 1e6 / load.per_s))
            send(self.producer, b"m" * load.size)


def measure(name: str, load: Load) -> Cost:
    """Return the costs of a server under a load."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(load.consumers + 1)]
    for end in (end for pair in pairs for end in pair):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
    theirs, result = Pipe(duplex=False)
    server = get_context("fork").Process(target=partial(run_server, name, [a for a, _ in pairs], result))
    server.start()
    clients = Clients([b for _, b in pairs])
    try:
        end_us = now_us() + 10_000_000
        while clients.connected < len(pairs) and now_us() < end_us:
            clients.turn(now_us() + 50_000)
        assert clients.connected == len(pairs), "the server does not connect"
        clients.send_for(WARM_UP_S, load)
        send(clients.producer, b"S" * load.size)
        clients.send_for(load.seconds, load)
        send(clients.producer, b"E" * load.size)
        end_us = now_us() + 10_000_000
        while not theirs.poll() and now_us() < end_us:
            clients.turn(now_us() + 20_000)
        return Cost(**json.loads(theirs.recv()))
    finally:
        server.kill()
        server.join()
        clients.stack.close()
        for end in (end for pair in pairs for end in pair):
            end.close()


def run(load: Load) -> int:
    """Print the costs of both under a load; return 1 when ours are more than LIMIT of aiortc's."""
    # aiortc cannot do a thousand a second. Its cost of one does not depend on how many there are.
    loads = {"usrsctp": load, "aiortc": replace(load, per_s=min(load.per_s, AIORTC_PER_S))}
    costs = {name: measure(name, loads[name]) for name in loads}
    for name, cost in costs.items():
        kib = (cost.rss_kib - cost.idle_rss_kib) / (load.consumers + 1)
        print(
            f"SCTP alone, {name}: {cost.us_per_delivery:.1f} µs of CPU a delivered message "
            f"at {loads[name].per_s:.0f} a second, {kib:.0f} KiB of RSS an association"
        )
    share = costs["usrsctp"].us_per_delivery / costs["aiortc"].us_per_delivery
    print(f"SCTP alone: {share:.2f} of what aiortc needs; at most {LIMIT} is accepted")
    return 0 if share <= LIMIT else 1
