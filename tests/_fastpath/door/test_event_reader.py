"""Events: a Python type for each native kind, and one answer of many records."""

from __future__ import annotations

import re
from typing import get_args

from mediad._fastpath.door.events import Event, StatsAnswered, StreamChanged
from tests.support import engine as e
from tests.support.imports import ROOT


def test_each_native_kind_has_its_type() -> None:
    messages = (ROOT / "mediad/_fastpath/engine/messages.pxd").read_text()
    kinds = re.findall(r"^    EVENT_\w+ = \d+$", messages, re.MULTILINE)
    assert len(kinds) == len(get_args(Event)) > 0


def test_the_records_of_an_answer_come_together() -> None:
    call = e.Call()
    call.produce(encodings=[(e.SSRC + index, 0, b"") for index in range(3)])
    for index in range(3):
        call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True), ssrc=e.SSRC + index))
    call.engine.events()
    call.engine.request_stats(1 << 40, 1, e.PRODUCER)
    (answer,) = call.engine.events()
    assert isinstance(answer, StatsAnswered)
    assert answer.request_id == 1 << 40
    assert [record["encoding"] for record in answer.records] == [0, 1, 2]


def test_a_large_ssrc_is_told_whole() -> None:
    call = e.Call()
    call.produce(encodings=[(0xFFFFFFFF, 0, b"")])
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True), ssrc=0xFFFFFFFF))
    assert StreamChanged(e.PRODUCER, 0, 0xFFFFFFFF, 10, True) in call.told(StreamChanged)
