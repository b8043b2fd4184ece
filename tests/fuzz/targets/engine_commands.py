"""Commands and packets to one engine in any order: objects open and close while packets for them arrive.

An input is a row of steps of four bytes: what, which object, how, and the time before it. As in the product,
a slot is used again only after the engine has told that its last object is closed, and what depends on an
object is closed before it. Commands about objects that are gone are right: they were under way.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

from mediad._fastpath.door.events import Closed
from mediad._fastpath.door.media_loop import Codec, Kind
from tests.fuzz.target import Target
from tests.support import engine as e
from tests.windows.engine import EngineWindow

SLOTS = 4
STEP_US = 20_000
MAX_STEPS = 400
PAYLOADS = [e.vp8_payload(n, keyframe=n % 4 == 0, tl0=n) for n in range(8)]


class Objects:
    """The engine and the handles that were used; each method is a step."""

    def __init__(self) -> None:
        self.engine = EngineWindow(packet_slots=64, transports=SLOTS, producers=SLOTS, consumers=SLOTS)
        self.now_us = e.START_US
        self.generation = itertools.count(1)
        self.handles: dict[Kind, list[int]] = {kind: [0] * SLOTS for kind in KINDS}
        self.in_use: dict[Kind, set[int]] = {kind: set() for kind in KINDS}
        self.parents: dict[tuple[Kind, int], tuple[int, ...]] = {}
        """The handles that an open track depends on, by kind and handle."""
        self.sequence = itertools.count()
        self.steps: list[Callable[[int, int], object]] = [
            *(self.open_transport, self.open_producer, self.open_consumer, self.close_transport),
            *(self.close_producer, self.close_consumer, self.media, self.media, self.media, self.feedback),
            *(self.address, self.change_transport, self.change_track, self.stats, self.wait),
        ]

    def run(self, data: bytes) -> None:
        for at in range(0, min(len(data), 4 * MAX_STEPS) - 3, 4):
            what, which, how, steps = data[at : at + 4]
            self.pass_time(steps % 16 * STEP_US)
            with contextlib.suppress(BlockingIOError):
                self.steps[what % len(self.steps)](which, how)
            self.listen()
        for index in range(SLOTS):
            self.close_transport(index, 0)
        self.pass_time(10 * STEP_US)
        self.listen()
        assert not any(self.in_use.values()), "an object never told that it was closed"
        assert self.engine.slots_in_use() == 0
        assert self.engine.timers_armed() == 0

    def pass_time(self, us: int) -> None:
        end = self.now_us + us
        while 0 < (deadline := self.engine.deadline()) <= end:
            self.now_us = max(self.now_us, deadline)
            self.engine.tick(self.now_us)
        self.now_us = end
        self.engine.tick(self.now_us)

    def listen(self) -> None:
        self.engine.tick(self.now_us)
        self.engine.outbox()
        for event in self.engine.events():
            if isinstance(event, Closed):
                self.in_use[Kind(event.kind)].discard(event.handle & 0xFFFFF)

    # -- steps ---------------------------------------------------------------------------------------------

    def take(self, kind: Kind, which: int) -> int | None:
        """Return a new handle in that slot, None while it is in use."""
        index = which % SLOTS
        if index in self.in_use[kind]:
            return None
        self.in_use[kind].add(index)
        self.handles[kind][index] = next(self.generation) << 20 | index
        return self.handles[kind][index]

    def handle(self, kind: Kind, which: int) -> int:
        return self.handles[kind][which % SLOTS] or 1 << 20

    def open_transport(self, which: int, how: int) -> None:
        if (handle := self.take(Kind.KIND_TRANSPORT, which)) is not None:
            fragment = b"fragment-%d" % (how % 6)
            self.engine.open_transport(
                handle, username_fragment=fragment, rtcp_ssrc=1 + which, secure=False, data=bool(how & 64)
            )
            host, port = client(which)
            self.engine.add_address(handle, 0, host, port)
            self.engine.select_address(handle, 0, host, port)

    def open_producer(self, which: int, how: int) -> None:
        if (handle := self.take(Kind.KIND_PRODUCER, which)) is not None:
            simulcast = [(0, 0, b"low"), (0, 0, b"mid"), (0, 0, b"high")]
            audio = {
                "video": False,
                "codecs": [(111, 0, 100, Codec.CODEC_OPUS, 48000)],
                "pli": False,
                "levels": True,
            }
            changes = dict(audio) if how & 1 else {"codecs": [(96, 97, 101, how % len(Codec), 90000)]}
            encodings = simulcast if how & 2 else [(e.SSRC + which % SLOTS, e.RTX_SSRC + which % SLOTS, b"")]
            parameters = e.producer_parameters(encodings=encodings, **changes)
            transport = self.handle(Kind.KIND_TRANSPORT, how >> 3)
            self.parents[Kind.KIND_PRODUCER, handle] = (transport,)
            self.engine.open_producer(handle, transport, **parameters)

    def open_consumer(self, which: int, how: int) -> None:
        if (handle := self.take(Kind.KIND_CONSUMER, which)) is not None:
            parameters = e.consumer_parameters(
                ssrc=e.OUT_SSRC + which % SLOTS,
                rtx_ssrc=e.OUT_RTX_SSRC + which % SLOTS if how & 64 else 0,
                target=(how >> 4) % 4 - 1,
                paused=bool(how & 128),
            )
            transport, producer = (
                self.handle(Kind.KIND_TRANSPORT, how),
                self.handle(Kind.KIND_PRODUCER, how >> 2),
            )
            self.parents[Kind.KIND_CONSUMER, handle] = (transport, producer)
            self.engine.open_consumer(handle, transport, producer, **parameters)

    def close_transport(self, which: int, _: int) -> None:
        handle = self.handle(Kind.KIND_TRANSPORT, which)
        for kind in (Kind.KIND_CONSUMER, Kind.KIND_PRODUCER):
            self.close_children(kind, handle)
        self.engine.close_transport(handle)

    def close_producer(self, which: int, _: int) -> None:
        self.end(Kind.KIND_PRODUCER, self.handle(Kind.KIND_PRODUCER, which))

    def close_consumer(self, which: int, _: int) -> None:
        self.end(Kind.KIND_CONSUMER, self.handle(Kind.KIND_CONSUMER, which))

    def close_children(self, kind: Kind, parent: int) -> None:
        for one, handle in [
            key for key, parents in self.parents.items() if key[0] == kind and parent in parents
        ]:
            self.end(one, handle)

    def end(self, kind: Kind, handle: int) -> None:
        if kind == Kind.KIND_PRODUCER:
            self.close_children(Kind.KIND_CONSUMER, handle)
            self.engine.close_producer(handle)
        else:
            self.engine.close_consumer(handle)
        self.parents.pop((kind, handle), None)

    def media(self, which: int, how: int) -> None:
        number = next(self.sequence)
        extensions = {4: b"0", 10: (b"low", b"mid", b"high")[how % 3]} if how & 4 else {}
        data = e.rtp(
            number,
            3000 * number,
            PAYLOADS[how % len(PAYLOADS)],
            ssrc=e.SSRC + which % SLOTS if not how & 4 else 70 + how % 3,
            extensions=extensions,
            payload_type=111 if how & 32 else 96,
        )
        self.engine.receive(0, *client(which >> 2), data, self.now_us)

    def feedback(self, which: int, how: int) -> None:
        ssrc = e.OUT_SSRC + how % SLOTS
        asked = e.nack(ssrc, 1000 + which % 32, 1001) if how & 8 else e.pli(ssrc)
        self.engine.receive(0, *client(which), asked, self.now_us)

    def address(self, which: int, how: int) -> None:
        handle, path = self.handle(Kind.KIND_TRANSPORT, which), (0, *client(how))
        engine = self.engine
        change = (
            *(engine.add_address, engine.remove_address, engine.select_address),
            *(engine.select_unproven, engine.prove_address, engine.ask_address),
        )
        change[(how >> 3) % 6](handle, *path)

    def change_transport(self, which: int, how: int) -> None:
        handle, engine = self.handle(Kind.KIND_TRANSPORT, which), self.engine
        fragment, link = b"fragment-%d" % (how % 6), (how % 4 * 100_000, how % 3 * 50_000, how % 5 * 200_000)
        change: tuple[Callable[[], object], ...] = (
            lambda: engine.add_username(handle, fragment, b"password"),
            lambda: engine.remove_username(handle, fragment),
            lambda: engine.set_desired_bitrate(handle, how * 20_000),
            lambda: engine.cap_uplink(handle, how * 20_000),
            lambda: engine.throttle_transport(handle, uplink=link, downlink=link),
            lambda: engine.unthrottle_transport(handle),
        )
        change[(how >> 4) % len(change)]()

    def change_track(self, which: int, how: int) -> None:
        producer, consumer = self.handle(Kind.KIND_PRODUCER, which), self.handle(Kind.KIND_CONSUMER, which)
        engine = self.engine
        change: tuple[Callable[[], object], ...] = (
            lambda: engine.pause_producer(producer, bool(how & 1)),
            lambda: engine.pause_consumer(consumer, bool(how & 1)),
            lambda: engine.set_target(consumer, how % 4 - 1, how >> 2 & 3, how >> 4 & 3),
            lambda: engine.request_key_frame(consumer),
        )
        change[(how >> 6) % len(change)]()

    def stats(self, which: int, how: int) -> None:
        kind = KINDS[how % len(KINDS)]
        self.engine.request_stats(which, kind, self.handle(kind, which))

    def wait(self, which: int, how: int) -> None:
        self.pass_time(which * how * 100)


KINDS = (Kind.KIND_TRANSPORT, Kind.KIND_PRODUCER, Kind.KIND_CONSUMER)


def client(which: int) -> tuple[str, int]:
    return f"10.0.0.{which % SLOTS + 1}", 1000


CALL = bytes(
    [*(0, 0, 0, 0), *(0, 1, 1, 0), *(1, 0, 2, 0), *(2, 0, 1, 0), *(2, 1, 17, 1)]
    + [6, 0, 0, 1, 6, 0, 4, 1, 9, 1, 8, 1, 9, 1, 0, 3] * 3
)
SEEDS = [
    CALL + bytes([3, 0, 0, 1, 6, 0, 0, 1]),
    CALL + bytes([4, 0, 0, 0, 6, 0, 0, 1, 1, 0, 10, 2, 6, 0, 4, 1]),
    CALL + bytes([11, 1, 64, 1, 11, 1, 80, 0, 6, 0, 0, 15, 13, 0, 0, 0, 13, 0, 1, 0, 13, 1, 2, 0]),
    CALL + bytes([12, 0, 0, 0, 12, 0, 65, 0, 12, 0, 130, 0, 12, 0, 192, 0, 10, 1, 10, 0, 14, 9, 9, 9]),
    CALL + bytes([10, 1, 24, 0, 10, 1, 32, 0, 10, 1, 40, 0, 10, 1, 8, 0, 10, 1, 0, 0, 10, 1, 16, 0]),
]


def one_input(data: bytes) -> None:
    Objects().run(data)


TARGET = Target("engine-commands", SEEDS, lambda: one_input, objects=("_fastpath/door/commands.pyx",))
