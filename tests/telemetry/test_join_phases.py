"""Phases of a join, with a clock of our own."""

from __future__ import annotations

from mediad.telemetry.join_phases import TransportClock


class Watch:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.seen: list[tuple[str, float]] = []
        self.abandoned: list[str] = []
        self.clock = TransportClock(
            lambda: self.now_s, lambda phase, s: self.seen.append((phase, s)), self.abandoned.append
        )


def test_each_phase_begins_where_the_last_one_ended() -> None:
    watch = Watch()
    watch.clock.asked_for("t")
    watch.now_s = 1.0
    watch.clock.state("t", "ice", "connected")
    watch.clock.state("t", "ice", "completed")
    watch.now_s = 3.0
    watch.clock.state("t", "dtls", "connecting")
    watch.clock.state("t", "dtls", "connected")
    watch.now_s = 7.0
    watch.clock.media_arrived("t")
    watch.clock.media_arrived("t")
    assert watch.seen == [("ice", 1.0), ("dtls", 2.0), ("first_media", 4.0)]
    assert watch.clock.timed == 0


def test_what_comes_out_of_turn_is_no_join() -> None:
    watch = Watch()
    watch.clock.state("t", "ice", "connected")
    watch.clock.media_arrived("t")
    watch.clock.asked_for("t")
    watch.clock.state("t", "dtls", "connected")
    watch.clock.state("t", "ice", "disconnected")
    watch.clock.media_arrived("t")
    assert watch.seen == []


def test_closed_transports_are_forgotten() -> None:
    watch = Watch()
    watch.clock.asked_for("t")
    watch.clock.closed("t")
    watch.clock.closed("never asked for")
    watch.clock.state("t", "ice", "connected")
    assert (watch.seen, watch.clock.timed) == ([], 0)


def test_who_is_closed_on_the_way_has_given_up() -> None:
    watch = Watch()
    for transport_id in ("ice", "dtls", "first_media"):
        watch.clock.asked_for(transport_id)
    for transport_id in ("dtls", "first_media"):
        watch.clock.state(transport_id, "ice", "connected")
    watch.clock.state("first_media", "dtls", "connected")
    for transport_id in ("ice", "dtls", "first_media"):
        watch.clock.closed(transport_id)
        watch.clock.closed(transport_id)
    assert watch.abandoned == ["ice", "dtls"]  # who only receives never sends media
