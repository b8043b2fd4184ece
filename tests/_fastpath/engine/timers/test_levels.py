"""Audio levels: averaged and told."""

from __future__ import annotations

from mediad._fastpath.door.events import LevelMeasured
from tests.support import engine as e


def test_levels_are_averaged_and_told() -> None:
    call = e.Call()
    call.produce_audio()
    for number in range(40):
        call.send(e.rtp(number, number * 960, b"opus", payload_type=111, extensions={6: bytes([0x80 | 30])}))
        call.pass_time(20_000)
    assert call.told(LevelMeasured) == [LevelMeasured(e.PRODUCER, -30)]
