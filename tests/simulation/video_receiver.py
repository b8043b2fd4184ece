"""A browser's video receive stream: repairs, assembles, waits, decodes, shows, or asks for a key frame."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation import rtcp
from tests.simulation.assembly import Assembler, Picture
from tests.simulation.clock import Alarm, SimulatedClock, Timer
from tests.simulation.playout import PlayoutDelay, Screen
from tests.simulation.video_sender import TRUTH
from tests.support.engine import Packet
from tests.windows.receiving import Nack

OWN_SSRC = 1
FIRST_WAIT_US, WAIT_US = 200_000, 3_000_000  # without a picture: before the first one, and later
STUCK_US = 200_000
DECODE_US = 5_000
UNKNOWN_RTT_US = 100_000  # what browsers reckon with that only receive
KEPT_PACKETS = 2000


class Sequences:
    """Unwraps 16 bits, and counts what RTCP reports."""

    def __init__(self) -> None:
        self.highest: int | None = None
        self.first = 0
        self.received = 0
        self._reported = (0, 0)

    def unwrap(self, number: int) -> int:
        if self.highest is None:
            self.first = self.highest = 65_536 + number
        full = self.highest + (number - self.highest + 0x8000 & 0xFFFF) - 0x8000
        self.highest = max(self.highest, full)
        return full

    def report(self) -> tuple[int, int, int]:
        """Fraction lost in 1/256 since the last report, lost in all, highest."""
        if self.highest is None:
            return 0, 0, 0
        expected = self.highest - self.first + 1
        now, before = (expected, self.received), self._reported
        self._reported = now
        lately = now[0] - before[0]
        lost = max(0, lately - (now[1] - before[1]))
        return lost * 256 // lately if lately else 0, expected - self.received, self.highest


class VideoReceiver:
    """One consumer's stream. Layers shown: the encoding with simulcast, else the spatial one; temporal."""

    def __init__(
        self,
        clock: SimulatedClock,
        ssrc: int,
        truth: TRUTH,
        reply: Callable[[bytes], object],
        *,
        playout_delay_id: int,
        vp8: bool,
        simulcast: bool,
    ) -> None:
        self.ssrc = ssrc
        self.sequences = Sequences()
        self.screen = Screen()
        self.keyframes_asked = 0
        self.undecoded = 0  # complete pictures that had to be passed over
        self._clock = clock
        self._reply = reply
        self._simulcast = simulcast
        self._playout_delay_id = playout_delay_id
        self._assembler = Assembler(truth, vp8=vp8)
        self._playout = PlayoutDelay()
        self._nack = Nack()
        self._nack_alarm = Alarm(clock, self._ask_again)
        self._pictures: dict[int, Picture] = {}  # by timestamp
        self._seen: dict[int, None] = {}
        self._done = -1  # the highest sequence number of what was decoded
        self._timestamp: tuple[int, int] | None = None  # the newest as it came, and unwrapped
        self._show_timer: Timer | None = None
        self._progress_us = clock.now_us
        clock.every(FIRST_WAIT_US // 2, self._check)

    @property
    def waiting(self) -> int:
        """Pictures that came in part, or whole, and were not shown yet."""
        return len(self._pictures)

    # --- packets ------------------------------------------------------------------------------------------

    def receive(self, packet: Packet, *, repaired: bool = False) -> None:
        sequence = self.sequences.unwrap(packet.sequence)
        if sequence in self._seen:
            return
        self._seen[sequence] = None
        if limits := packet.extensions.get(self._playout_delay_id):
            self._playout.asked_us = (int.from_bytes(limits, "big") >> 12) * 10_000
        if len(self._seen) > KEPT_PACKETS:
            del self._seen[next(iter(self._seen))]
        self.sequences.received += not repaired
        self._nack.received(sequence, self._clock.now_us)
        self._arm_nack()
        if sequence <= self._done:
            return
        picture = self._pictures.get(packet.timestamp)
        if picture is None:
            picture = Picture(self._unwrap(packet.timestamp), sequence, sequence)
            self._pictures[packet.timestamp] = picture
        picture.was_repaired |= repaired
        if self._assembler.add(picture, packet, sequence):
            picture.complete_us = self._clock.now_us
            self._playout.completed(
                self._clock.now_us, self._capture_us(picture), was_repaired=picture.was_repaired
            )
            self._plan()

    def _unwrap(self, timestamp: int) -> int:
        last, full = self._timestamp or (timestamp, 1 << 32)
        full += (timestamp - last + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if self._timestamp is None or full > self._timestamp[1]:
            self._timestamp = timestamp, full
        return full

    def _capture_us(self, picture: Picture) -> int:
        return picture.timestamp * 100 // 9

    # --- repairs ------------------------------------------------------------------------------------------

    def _arm_nack(self) -> None:
        if deadline_us := self._nack.deadline:
            self._nack_alarm.by(max(deadline_us, self._clock.now_us + 1))

    def _ask_again(self) -> None:
        lost = self._nack.due(self._clock.now_us, rtt_us=UNKNOWN_RTT_US)
        done = self._done & 0xFFFF
        wanted = [number for number in lost if self._done < 0 or 0 < (number - done & 0xFFFF) < 0x8000]
        if wanted:
            self._reply(rtcp.nack(OWN_SSRC, self.ssrc, wanted))
        if self._nack.take_keyframe_wish() and self._clock.now_us - self._progress_us > STUCK_US:
            self._ask_keyframe()
        self._arm_nack()

    def _ask_keyframe(self) -> None:
        self._progress_us = self._clock.now_us
        self.keyframes_asked += 1
        self._reply(rtcp.pli(OWN_SSRC, self.ssrc))

    def _check(self) -> None:
        wait_us = WAIT_US if self.screen.shown else FIRST_WAIT_US
        if self._clock.now_us - self._progress_us >= wait_us and self.sequences.highest is not None:
            self._ask_keyframe()

    # --- pictures -----------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Show the first picture that can be decoded, in its time: what is before it may still come."""
        ready = [p for p in self._pictures.values() if p.complete_us and self._assembler.is_decodable(p)]
        if self._show_timer is not None:
            self._show_timer.cancel()
            self._show_timer = None
        if not ready:
            return
        picture = min(ready, key=lambda picture: picture.first)
        due_us = self._playout.due_us(self._clock.now_us, self._capture_us(picture))
        self._show_timer = self._clock.at(
            max(due_us, self._clock.now_us + DECODE_US), lambda: self._show(picture)
        )

    def _show(self, picture: Picture) -> None:
        self._show_timer = None
        frames = self._assembler.layer_frames(picture)
        self._assembler.decode(picture)
        self._done = picture.last
        passed = [t for t, other in self._pictures.items() if other.first <= picture.last]
        for timestamp in passed:
            other = self._pictures.pop(timestamp)
            self.undecoded += other is not picture and other.complete_us != 0
        top = frames[-1]
        spatial = (top.picture >> 24) % 4 if self._simulcast else top.spatial
        self.screen.show(self._clock.now_us, (spatial, top.temporal))
        self._progress_us = self._clock.now_us
        self._plan()
