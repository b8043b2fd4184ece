"""Storms of 500 viewers of one sender: key frames and repeats are asked for without end, in made-up time."""

from __future__ import annotations

from collections import Counter

from tests.support import engine as e
from tests.windows.engine import EngineWindow

VIEWERS, JOINERS = 500, 20
SECONDS = 8
INTERVAL_US = 20_000  # between packets of media
STORM_US = 100_000  # between two requests of a viewer
ROUND_TRIP_US = 50_000  # of the sender


class Crowd:
    """A sender that answers requests for key frames, and viewers with an address each."""

    def __init__(self) -> None:
        engine = EngineWindow(packet_slots=16_384, transports=1024, producers=16, consumers=1024)
        self.call = e.Call(engine=engine)
        self.call.produce()
        self.viewers: dict[tuple[str, int], int] = {}  # the time at which each came
        self.first_picture_us: dict[tuple[str, int], int] = {}
        self.media_bytes: Counter[tuple[str, int]] = Counter()
        self.repeated_bytes: Counter[tuple[str, int]] = Counter()
        self.requested_us: list[int] = []
        self.asked: dict[tuple[str, int], list[int]] = {}
        self._next = 1
        self._owed_us: int | None = 0

    def join(self) -> None:
        number = len(self.viewers) + 10
        handle, address = e.GENERATION | number, (f"10.9.{number >> 7}.{number & 127}", 5000)
        self.call.engine.open_transport(handle, username_fragment=b"v%d" % number, rtcp_ssrc=9, secure=False)
        self.call.engine.add_address(handle, 0, *address)
        self.call.engine.select_address(handle, 0, *address)
        self.viewers[address] = self.call.now_us
        self.asked[address] = []
        self.call.consume(handle=handle, transport=handle)

    def media(self) -> None:
        """Send the next packet: of a key frame, when one was asked for a round trip ago."""
        is_key = self._owed_us is not None and self.call.now_us >= self._owed_us
        if is_key:
            self._owed_us = None
        payload = e.vp8_payload(self._next, keyframe=is_key, body=b"x" * 1000)
        self.call.send(e.rtp(self._next, 1800 * self._next, payload))
        self._next += 1
        self.look()

    def look(self) -> None:
        for address, data in self.call.left():
            if address == e.SENDER:
                for kind, fmt, _ in e.rtcp_blocks(data):
                    if (kind, fmt) == (206, 1):
                        self.requested_us.append(self.call.now_us)
                        self._owed_us = self.call.now_us + ROUND_TRIP_US
            elif not e.is_rtcp(data):
                packet = e.parse_rtp(data)
                repeated = packet.ssrc == e.OUT_RTX_SSRC
                (self.repeated_bytes if repeated else self.media_bytes)[address] += len(data)
                if not repeated:
                    self.first_picture_us.setdefault(address, self.call.now_us)
                    self.asked[address].append(packet.sequence)

    def storm(self) -> None:
        """Let each viewer ask for a key frame, and for every packet that it has got."""
        for address, got in self.asked.items():
            self.call.send(e.pli(e.OUT_SSRC), address)
            if got:
                self.call.send(e.nack(e.OUT_SSRC, *got[-50:]), address)
        self.look()


def test_a_storm_reaches_neither_the_sender_nor_the_links() -> None:
    crowd = Crowd()
    for _ in range(VIEWERS):
        crowd.join()
    began_us = crowd.call.now_us
    steps = SECONDS * 1_000_000 // INTERVAL_US
    for step in range(steps):
        crowd.media()
        if step * INTERVAL_US % STORM_US == 0:
            crowd.storm()
        if step >= 100 and step % 10 == 0 and len(crowd.viewers) < VIEWERS + JOINERS:
            crowd.join()
        crowd.call.pass_time(INTERVAL_US)
        crowd.look()
    requests = [at_us for at_us in crowd.requested_us if at_us >= began_us + 2_000_000]
    assert len(requests) <= SECONDS - 2 + 1
    for address in crowd.viewers:
        assert crowd.repeated_bytes[address] <= 2 * crowd.media_bytes[address]
    newcomers = list(crowd.viewers)[VIEWERS:]
    waits_ms = sorted((crowd.first_picture_us[one] - crowd.viewers[one]) / 1000 for one in newcomers)
    print(
        f"{len(requests) / (SECONDS - 2):.2f} requests/s to the sender; repeats "
        f"{sum(crowd.repeated_bytes.values()) / sum(crowd.media_bytes.values()):.2f} of the media; "
        f"first picture p50 {waits_ms[10]:.0f} ms, p95 {waits_ms[-2]:.0f} ms"
    )
    assert len(waits_ms) == JOINERS
    assert waits_ms[-2] <= 400
