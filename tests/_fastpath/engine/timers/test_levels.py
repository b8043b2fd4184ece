"""Audio levels: told every 300 ms, as long as there is a sound."""

from __future__ import annotations

from mediad._fastpath.door.events import LevelMeasured
from tests.support import engine as e


def speak(call: e.Call, numbers: range, dbov: int) -> None:
    for number in numbers:
        level = {e.IN_IDS[e.AUDIO_LEVEL]: bytes([0x80 | -dbov])}
        call.send(e.rtp(number, number * 960, b"opus", payload_type=111, extensions=level))
        call.pass_time(20_000)


def test_levels_are_added_up_and_told() -> None:
    call = e.Call()
    call.produce_audio()
    speak(call, range(30), -30)
    assert call.told(LevelMeasured) == [LevelMeasured(e.PRODUCER, 15, -450, bytes([97] * 15))] * 2


def test_silence_is_not_told() -> None:
    call = e.Call()
    call.produce_audio()
    speak(call, range(30), -127)
    call.pass_time(1_000_000)
    speak(call, range(80, 110), -126)
    assert {event.dbov_sum // event.packets for event in call.told(LevelMeasured)} == {-126}


def test_a_paused_producer_is_silent() -> None:
    call = e.Call()
    call.produce_audio(paused=True)
    speak(call, range(30), -30)
    assert call.told(LevelMeasured) == []


def test_only_wanted_levels_are_measured() -> None:
    call = e.Call()
    call.produce_audio(levels=False)
    speak(call, range(30), -30)
    assert call.told(LevelMeasured) == []
    call = e.Call()
    call.produce_audio()
    for number in range(30):
        call.send(e.rtp(number, number * 960, b"opus", payload_type=111))
        call.pass_time(20_000)
    assert call.told(LevelMeasured) == [], "packets without the extension have no level"
