"""Times: tracks of one peer beside each other by its reports, each by arrival without them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from mediad.recorder.rtp.rtcp import SenderReport
from mediad.recorder.timeline import MAX_ASTRAY_US, SETTLE_US, PeerClock, TrackClock

CLOCK_US = 3_900_000_000_000_000


class Stream:
    """A sender's track: its media time, its wall clock and how late its packets are."""

    def __init__(
        self, peer: PeerClock, rate: int, *, audio: bool, delay_us: int = 20_000, first: int = 0xFFFF_FF00
    ) -> None:
        self.clock: TrackClock = peer.add(rate, audio)
        self.rate, self.delay_us, self.first = rate, delay_us, first
        self.clock_us = CLOCK_US
        self.drift = 0.0

    def stamp(self, at_us: int) -> int:
        return (self.first + round(at_us * (1 + self.drift) * self.rate / 1e6)) & 0xFFFFFFFF

    def frame(self, at_us: int) -> int:
        """The place of a frame that was captured then."""
        return self.clock.place_us(self.stamp(at_us), at_us + self.delay_us)

    def report(self, at_us: int) -> None:
        report = SenderReport(1, self.clock_us + at_us, 0, self.stamp(at_us))
        self.clock.report(report, at_us + self.delay_us)


def pair(audio_delay_us: int = 20_000, video_delay_us: int = 20_000) -> tuple[Stream, Stream]:
    peer = PeerClock()
    video = Stream(peer, 90000, audio=False, delay_us=video_delay_us, first=77)
    return Stream(peer, 48000, audio=True, delay_us=audio_delay_us), video


def test_a_track_is_placed_by_arrival_and_counts_over_the_wrap() -> None:
    audio, _ = pair()
    assert [audio.frame(at_us) for at_us in (0, 20_000, 60_000)] == [20_000, 40_000, 80_000]


def test_a_pause_takes_the_time_it_took() -> None:
    audio, _ = pair()
    audio.frame(0)
    assert audio.frame(3_600_000_000) == 3_600_020_000


@pytest.mark.parametrize("audio_first", [True, False])
def test_reports_put_tracks_beside_each_other(audio_first: bool) -> None:
    audio, video = pair(video_delay_us=370_000)
    for at_us in range(0, 2_000_000, 20_000):
        for stream in (audio, video) if audio_first else (video, audio):
            stream.frame(at_us)
    assert video.frame(2_000_000) - audio.frame(2_000_000) == 350_000  # as they arrive
    video.report(2_000_000)
    audio.report(2_000_000)
    assert abs(video.frame(2_020_000) - audio.frame(2_020_000)) <= 1
    assert audio.frame(2_040_000) == 2_060_000  # the leader was not moved


def test_a_report_before_the_first_packet_says_nothing() -> None:
    audio, video = pair(video_delay_us=370_000)
    for stream in (audio, video):
        stream.report(0)
        assert not stream.clock.reported
        stream.frame(0)
    assert video.frame(20_000) - audio.frame(20_000) == 350_000


def test_clocks_that_drift_stay_together() -> None:
    audio, video = pair(video_delay_us=50_000)
    audio.drift, video.drift = 2e-4, -1e-4
    for at_us in range(0, 600_000_000, 100_000):
        audio.frame(at_us)
        video.frame(at_us)
        if at_us % 1_000_000 == 0:
            audio.report(at_us)
            video.report(at_us)
    assert abs(video.frame(600_000_000) - audio.frame(600_000_000)) < 5_000
    assert abs(audio.frame(600_000_000) - 600_020_000) < 5_000


def test_a_server_s_clock_gives_way_to_the_sender_s() -> None:
    """A server that has no report yet puts its own clock in; then the tracks learn the sender's in turn."""
    audio, video = pair(video_delay_us=120_000)
    places: list[int] = []
    audio.clock_us = video.clock_us = CLOCK_US - 700_000
    video.clock_us -= 100_000  # by the server's clock it was captured when it arrived
    for at_us in range(0, 20_000_000, 20_000):
        if at_us == 2_000_000:
            video.clock_us = CLOCK_US
        if at_us == 5_000_000:
            audio.clock_us = CLOCK_US
        if at_us % 1_000_000 == 0 and at_us:
            audio.report(at_us)
            video.report(at_us)
        places.append(audio.frame(at_us))
        skew_us = abs(video.frame(at_us) - places[-1])
        assert skew_us < (250_000 if at_us < 5_000_000 + SETTLE_US else 5_000)
    steps = [later - earlier for earlier, later in pairwise(places)]
    assert min(steps) > 18_000
    assert max(steps) < 22_000


def test_reports_that_jump_all_the_time_do_not_move_anything_far() -> None:
    audio, video = pair()
    noise = random.Random(1)
    for at_us in range(0, 30_000_000, 20_000):
        audio.frame(at_us)
        video.frame(at_us)
        if at_us % 1_000_000 == 0:
            for stream in (audio, video):
                stream.clock_us = CLOCK_US + noise.randrange(-100_000, 100_000)
                stream.report(at_us)
    assert abs(video.frame(30_000_000) - audio.frame(30_000_000)) < 200_000
    assert abs(audio.frame(30_000_000) - 30_020_000) < 40_000


def test_clocks_of_different_hosts_are_not_compared() -> None:
    audio, video = pair()
    video.clock_us += 60_000_000
    for at_us in range(0, 10_000_000, 20_000):
        audio.frame(at_us)
        video.frame(at_us)
        if at_us % 1_000_000 == 0:
            audio.report(at_us)
            video.report(at_us)
    assert video.frame(10_000_000) == audio.frame(10_000_000)


def test_timestamps_that_were_set_anew_are_placed_by_arrival() -> None:
    audio, _ = pair()
    audio.frame(0)
    audio.report(0)
    audio.first += 48_000 * 60
    assert audio.frame(20_000) == 40_000
    assert not audio.clock.reported
    audio.first -= 48_000 * (MAX_ASTRAY_US // 1_000_000 - 1)
    assert abs(audio.frame(40_000) - 60_000) <= MAX_ASTRAY_US


def test_another_track_leads_when_the_leader_ends() -> None:
    peer = PeerClock()
    audio = Stream(peer, 48000, audio=True)
    video = Stream(peer, 90000, audio=False)
    other = Stream(peer, 90000, audio=False, delay_us=220_000)
    for stream in (audio, video, other):
        stream.frame(0)
        stream.report(1)
    peer.remove(audio.clock)
    other.report(1_000_000)
    assert abs(other.frame(1_000_000) - video.frame(1_000_000)) < 10
    peer.remove(video.clock)
    peer.remove(other.clock)


def test_extreme_reports_are_survived() -> None:
    audio, video = pair()
    audio.frame(0)
    video.frame(0)
    for ntp_us in (0, 2**64 // 4, 1):
        for timestamp in (0, 0xFFFF_FFFF, 0x8000_0000):
            audio.clock.report(SenderReport(1, ntp_us, 0, timestamp), 10)
            video.clock.report(SenderReport(1, ntp_us, 0, timestamp), 10)
    assert abs(audio.frame(20_000) - 40_000) < MAX_ASTRAY_US
