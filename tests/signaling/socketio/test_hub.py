"""Namespaces over one connection, and packets that nobody should send."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.signaling.dialects import learning_demo, meetlite
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.socketio import hub
from tests.support.signaling import Front, eventually, run
from tests.support.socketio_clients import SECRET, RawClient, packet
from tests.support.tokens import signed_with

LEARNING = "/mediasoup"


def test_both_namespaces_on_one_connection() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", f"40{LEARNING},")
        await client.until("40{")
        await client.until(f"40{LEARNING},{{")
        await client.send(packet("join-room", {"roomId": "room"}))
        await client.until('42["room-data"')
        await client.send(packet("getRouterRtpCapabilities", namespace=LEARNING, ack_id=0))
        await client.until(f"43{LEARNING},0[")
        await client.send(f"41{LEARNING},")
        await eventually(lambda: front.registry.room_count == 1)
        await client.send(packet("pause-producer", {"kind": "audio"}))
        await client.until('42["error"')
        await client.close()
        await eventually(lambda: front.registry.room_count == 0)

    run(scenario)


def test_a_namespace_can_be_left_and_entered_again() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", "41", "40")
        await client.until("40{", 2)
        await client.close()

    run(scenario)


def test_unknown_namespaces_and_second_connects_are_refused() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40/nowhere,")
        assert await client.until("44") == '44/nowhere,{"message":"Invalid namespace"}'
        await client.send("40")
        await client.until("40{")
        await client.send("40")
        assert await client.until("44", 2) == '44{"message":"connected already"}'
        await client.close()

    run(scenario)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("42[", 1),
        ("42{}", 1),
        ('451-["join-room",{"_placeholder":true,"num":0}]', 1),
        (b"binary", 0),
        ("431[]", 0),
        ("44{}", 0),
        ('42/mediasoup,["createTransport"]', 0),
    ],
)
def test_packets_that_cannot_be_read_get_one_answer_if_any(text: str | bytes, answers: int) -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40")
        await client.until("40{")
        await client.send(text, packet("join-room", {"roomId": "room"}))
        await client.until('42["room-data"')
        assert sum(text.startswith('42["error"') for text in client.texts) == answers
        await client.close()

    run(scenario)


def test_too_many_violations_end_the_connection() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", *["42["] * 6)
        assert await client.closed() == 1008

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(violations=5)))


def test_one_connection_does_not_try_many_tokens() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, *['40{"token":"guessed"}'] * 6)
        assert await client.closed() == 1008
        assert sum("Authentication error" in text for text in client.texts) == 5

    access = Access(AccessRules(signed_with(SECRET)))
    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(violations=5), access=access))


def test_a_client_that_does_not_answer_the_heartbeat_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PING_INTERVAL_S", 0.05)
    monkeypatch.setattr(hub, "PING_TIMEOUT_S", 0.1)

    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", packet("join-room", {"roomId": "room"}))
        await client.until("2")
        await client.send("3")
        await client.until("2", 2)
        assert front.registry.peer_count == 1
        assert await client.closed()
        assert front.registry.peer_count == 0

    run(scenario)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["roomId", "direction", "dtlsParameters", "rtpCapabilities", "kind", "rtpParameters", "appData", "sender"]
)
DATA = JSON | st.dictionaries(FIELDS, JSON | st.sampled_from(["room", "send", "recv", "audio", "video"]))
NAMES = st.sampled_from([*meetlite.METHODS, *learning_demo.METHODS, "join-room"]) | st.text()


def test_any_event_gets_one_answer_in_either_dialect(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        loop = asyncio.get_running_loop()
        client = await RawClient.connect(front, "40", f"40{LEARNING},")
        await client.until(f"42{LEARNING},")
        count = 0

        async def say(name: str, data: object) -> None:
            nonlocal count
            count += 1
            before = len(client.texts)
            await client.send(packet(name, data), packet(name, data, LEARNING, count))
            await client.send(packet(f"end {count}"), packet("end", None, LEARNING, count + 10**6))
            end = packet("error", {"message": f'unknown event "end {count}"'}).replace(", ", ",")
            await client.until(end.replace(": ", ":", 1))
            await client.until(f"43{LEARNING},{count + 10**6}[")
            answers = client.texts[before:]
            assert sum(text.startswith(f"43{LEARNING},") for text in answers) == 2
            mine = [text for text in answers if text.startswith("42[")][:-1]
            assert len(mine) <= (3 if name == "join-room" else 1), answers
            if name not in SILENT and name != "join-room":
                assert len(mine) == 1

        @settings(max_examples=150, deadline=None)
        @given(NAMES, DATA)
        def check(name: str, data: object) -> None:
            asyncio.run_coroutine_threadsafe(say(name, data), loop).result(20)

        await asyncio.to_thread(check)
        await client.close()

    limits = ConnectionLimits(violations=10**6)
    run(scenario, settings=SignalingSettings(limits=limits))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


SILENT = {"connect-webrtc-transport", "set-rtp-capabilities", "pause-producer", "resume-producer"}
"""Events of MeetLite that have no answer when they succeed."""
