"""The time of each frame: RTP timestamps of all tracks on one clock, that of this process, in microseconds.

An RTP timestamp begins anywhere; what relates it to other tracks are the sender's reports (RFC 3550 section
6.4.1), which give the sender's wall clock. That clock may be wrong by minutes, and a server that has no
report from the sender yet puts its own clock in. So these are the rules:

- The first track of a peer that carries audio leads; without audio, the first one does. The leader is placed
  by arrival, once. From then on it follows its reports only as fast as clocks drift (MAX_DRIFT): a listener
  hears a jump.
- Every other track of the peer is placed beside the leader, by both tracks' reports, and moved at once when
  they tell another place: a viewer does not see a jump of some milliseconds.
- A track without reports is placed by arrival.
- After a report that disagrees with the one before by more than JUMP_US the sender's clock is another one.
  Nothing is moved by reports for SETTLE_US then: the other track's report with the new clock is on its way.
- A frame whose place is farther than MAX_ASTRAY_US from its arrival has a timestamp that was set anew: its
  track is placed by arrival again.

A pause leaves the time that it took, because timestamps go on during it.
"""

from __future__ import annotations

from mediad.recorder.rtp.rtcp import SenderReport

JUMP_US = 30_000
SETTLE_US = 6_000_000
"""Longer than the 5 s between a browser's reports on audio."""
MAX_DRIFT = 0.001
MAX_ASTRAY_US = 3_000_000
NEAR_US = 10_000
"""A difference that is not worth a jump of video; it is made up for little by little."""
MAX_SKEW_US = 2_000_000
"""Tracks that arrive at once and have reports farther apart than this do not have them of one clock."""


class TrackClock:
    """The timestamps of one track: unwrapped, and related to the clock of this process."""

    def __init__(self, clock_rate: int, peer: PeerClock, leads: bool) -> None:
        """Begin; `leads`: it carries audio, and so goes before video. Made by `PeerClock.add`."""
        self.clock_rate = clock_rate
        self.leads = leads
        self._peer = peer
        self._extended = -1
        self._offset_us = 0.0
        """The place of a frame is its media time plus this."""
        self._placed = False
        self.moved_us = 0.0
        """The sum of the moves so far."""
        self.report_us: float | None = None
        """The sender's clock minus media time, by the newest report; None: there was none."""
        self._reported_at_us = 0

    def place_us(self, timestamp: int, arrival_us: int) -> int:
        """Return the time of a frame with this timestamp."""
        media_us = self._media_us(timestamp)
        if not self._placed:
            self._offset_us = arrival_us - media_us
            self._placed = True
            self._peer.track_placed(self, arrival_us)
        elif abs(media_us + self._offset_us - arrival_us) > MAX_ASTRAY_US:
            self._offset_us = arrival_us - media_us
            self.report_us = None
        return round(media_us + self._offset_us)

    @property
    def reported(self) -> bool:
        """True when the sender's clock is known."""
        return self.report_us is not None

    @property
    def placed(self) -> bool:
        return self._placed

    def report(self, report: SenderReport, now_us: int) -> None:
        """Take a sender report on this track."""
        if self._extended < 0:
            return  # without a packet it cannot be said in which turn of its counter the timestamp is
        step = ((report.timestamp - self._extended + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        media_us = (self._extended + step) * 1e6 / self.clock_rate
        before, self.report_us = self.report_us, report.ntp_us - media_us
        jumped = before is not None and abs(self.report_us - before) > JUMP_US
        elapsed_us = now_us - self._reported_at_us if before is not None else 0
        self._reported_at_us = now_us
        self._peer.reported(self, now_us, elapsed_us, jumped)

    def move(self, by_us: float) -> None:
        """Move all later frames by this time."""
        self._offset_us += by_us
        self.moved_us += by_us

    @property
    def origin_us(self) -> float:
        """The sender's clock minus the clock of this process, as this track has both."""
        return (self.report_us or 0.0) - self._offset_us

    def _media_us(self, timestamp: int) -> float:
        if self._extended < 0:
            self._extended = timestamp + (1 << 32)  # so that earlier ones do not become negative
        step = ((timestamp - self._extended + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        extended = self._extended + step
        self._extended = max(self._extended, extended)
        return extended * 1e6 / self.clock_rate


class PeerClock:
    """The tracks of one peer, whose reports are of one clock."""

    def __init__(self) -> None:
        self._tracks: list[TrackClock] = []
        self._origin_us: float | None = None
        """The sender's clock minus this process's, as the leader has it."""
        self._settled_us = 0

    def add(self, clock_rate: int, leads: bool) -> TrackClock:
        """Return the clock of a new track."""
        track = TrackClock(clock_rate, self, leads)
        self._tracks.append(track)
        return track

    def remove(self, track: TrackClock) -> None:
        """Forget a track; if it led, another one does."""
        led = self._leader() is track
        self._tracks.remove(track)
        if led:
            self._latch()

    def track_placed(self, track: TrackClock, now_us: int) -> None:
        """Note that a track is placed by its arrival."""
        self._latch()
        self._align(now_us)

    def reported(self, track: TrackClock, now_us: int, elapsed_us: int, jumped: bool) -> None:
        """Note that a track has a new report; `jumped`: by another clock than the one before."""
        if jumped:
            self._settled_us = now_us + SETTLE_US
        if not track.placed:
            return
        if track is self._leader():
            self._follow(track, elapsed_us, jumped)
        self._align(now_us)

    def _leader(self) -> TrackClock | None:
        placed = [track for track in self._tracks if track.placed]
        return next((track for track in placed if track.leads), placed[0] if placed else None)

    def _latch(self) -> None:
        leader = self._leader()
        self._origin_us = leader.origin_us if leader is not None and leader.reported else None

    def _follow(self, leader: TrackClock, elapsed_us: int, jumped: bool) -> None:
        """Move the leader as its reports say its clock drifts, unless they are of another clock."""
        if self._origin_us is None or jumped:
            self._latch()
            return
        error_us = leader.origin_us - self._origin_us
        most_us = MAX_DRIFT * elapsed_us
        leader.move(min(max(error_us, -most_us), most_us))

    def _align(self, now_us: int) -> None:
        """Place the other tracks beside the leader."""
        if self._origin_us is None or now_us < self._settled_us:
            return
        leader = self._leader()
        for track in self._tracks:
            if track is leader or not (track.reported and track.placed):
                continue
            error_us = track.origin_us - self._origin_us
            if abs(error_us) > MAX_SKEW_US:
                continue
            track.move(error_us if abs(error_us) > NEAR_US else error_us / 8)
