"""Counters and packet slots by name."""

from __future__ import annotations

from mediad._fastpath.door.media_loop import MediaLoop
from mediad._fastpath.engine.counts import Counter, Drop
from tests.support import engine as e


def test_every_reason_and_total_has_its_counter() -> None:
    counters = MediaLoop(packet_slots=16, transports=4, producers=4, consumers=4).counters()
    totals, drops = (
        len(Counter.__members__) - 1,
        len(Drop.__members__) - 1,
    )  # the last of each only counts them
    assert [name.startswith("drop_") for name in counters] == [False] * totals + [True] * drops


def test_packet_slots_are_counted_by_what_they_hold() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    slots = call.engine.packet_slots()
    assert (slots["stored_video"], slots["stored_audio"]) == (1, 0)
    assert slots["total"] - slots["free"] == 1
