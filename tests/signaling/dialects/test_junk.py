"""Junk in every dialect: one answer for each request, none for a notification, and no bug told in the log."""

from __future__ import annotations

import functools
import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediad.signaling.app import SignalingSettings
from mediad.signaling.dialects.demo_a import DEMO_A
from mediad.signaling.dialects.demo_b import DEMO_B
from mediad.signaling.dialects.dialect import Dialect
from mediad.signaling.limits import ConnectionLimits
from tests.support import demo_b_client, dialect_junk
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import Client, Front, run

PATIENT = SignalingSettings(limits=ConnectionLimits(violations=10_000))


async def enter(running: Front, dialect: Dialect) -> tuple[Client, dict[str, str]]:
    """A member that sends and receives, and the ids that its messages may name."""
    if dialect is DEMO_B:
        client: Client = await demo_b_client.member(running, "junk")
    else:
        client = await running.member("junk")
    ben = await running.member("ben")
    await ben.produce("video", vp8())
    offer = (await client.asked("newConsumer"))["data"]
    ids = {
        "$sending": client.sending,
        "$receiving": client.receiving,
        "$producer": await client.produce("audio", opus(mid=None, ssrc=7)),
        "$consumer": offer.get("consumerId") or offer["id"],
    }
    return client, ids


def filled(frame: dict[str, Any], ids: dict[str, str]) -> str:
    """The text of a frame, with ids of what exists."""
    text = json.dumps(frame)
    for name, value in ids.items():
        text = text.replace(json.dumps(name), json.dumps(value))
    return text


def answers(number: int, frame: dict[str, Any]) -> bool:
    return bool(frame.get("response")) and frame["id"] == number


async def answer_each_once(running: Front, dialect: Dialect, frames: list[dict[str, Any]]) -> None:
    client, ids = await enter(running, dialect)
    before = len(client.log)
    asked = []
    for number, frame in enumerate(frames):
        if "request" in frame:
            asked.append(number)
            frame = {**frame, "id": number}
        await client.socket.send(filled(frame, ids))
    for number in asked:
        await client.until(functools.partial(answers, number))
    await client.sync()
    answered = [frame for frame in client.log[before:] if frame.get("response")]
    assert sorted(answer["id"] for answer in answered[:-1]) == asked
    assert [answer for answer in answered if answer.get("errorReason") == "internal error"] == []


@pytest.mark.parametrize("dialect", [DEMO_A, DEMO_B], ids=["A", "B"])
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_request_has_one_answer_and_no_notification_has_any(
    caplog: pytest.LogCaptureFixture, dialect: Dialect, data: st.DataObject
) -> None:
    frames = data.draw(st.lists(dialect_junk.messages(dialect), min_size=40, max_size=150))
    caplog.clear()
    run(lambda running: answer_each_once(running, dialect, frames), settings=PATIENT)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
