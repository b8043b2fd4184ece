"""One peer as people read it, and the answer to "why is Bo blurry?"."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.ctl.peer_view import reasons, show_peer
from tests.ctl.verbs.test_rooms import PEER, row

STREAM = {"bitrate": 500_000, "packetCount": 10, "packetsLost": 1, "packetsRepaired": 2}
TOP = {"spatialLayer": 2, "temporalLayer": 2}
LOW = {"spatialLayer": 0, "temporalLayer": 1}
LAYERS = {"currentLayers": LOW, "targetLayers": LOW, "preferredLayers": TOP, "bestLayers": TOP}


def outbound(reason: str | None = None, **more: Any) -> dict[str, Any]:
    layers = {} if reason is None else {**LAYERS, "layersReason": reason}
    return {**STREAM, "type": "outbound-rtp", "mimeType": "video/VP8", **layers, **more}


def got(*streams: dict[str, Any], **changes: Any) -> dict[str, Any]:
    track = {
        "consumerId": "c1",
        "kind": "video",
        "fromPeerId": "ana",
        "accepted": True,
        "paused": False,
        "pausedBy": [],
        "score": 10,
        "streams": list(streams),
    }
    return {**track, **changes}


def bo(*tracks: dict[str, Any], sends: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    path = {"remoteIp": "192.0.2.7", "remotePort": 4711, "protocol": "udp"}
    return {
        **PEER,
        "peerId": "bo",
        "roomId": "lobby",
        "workerId": 2,
        "availableBitrate": 180_000,
        "sends": list(sends),
        "receives": list(tracks),
        "sendsData": [],
        "receivesData": [],
        "transports": [
            {
                "transportId": "t1",
                "iceState": "completed",
                "sctpState": "connected",
                "iceSelectedTuple": path,
            }
        ],
    }


def test_a_throttle_is_told() -> None:
    assert "throttled" not in show_peer(bo())
    throttled = {**bo(), "throttle": "500 kbit/s up, no limit down"}
    assert row(show_peer(throttled), "throttled") == ["throttled", "to", *throttled["throttle"].split()]


def test_transports_and_what_it_gets() -> None:
    text = show_peer(bo(got(outbound("bandwidth"), {**STREAM, "type": "inbound-rtp"})))
    assert row(text, "from") == ["from", "it", "1.5", "Mbps,", "1.2%", "lost"]
    assert row(text, "t1") == ["t1", "-", "completed", "-", "connected", "192.0.2.7", "udp", "4711", "-", "-"]
    cells = ["c1", "video", "ana", "VP8", "flows", "10", "0/1", "2/2", "2/2"]
    assert row(text, "c1") == [*cells, "500", "kbps", "10", "1", "2", "-"]
    silent = show_peer(bo(got(accepted=False)))
    assert row(silent, "c1") == ["c1", "video", "ana", "-", "offered", "10", *"--------"]
    assert "SENDS" not in silent


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({"ordered": True}, ["ordered"]),
        ({"ordered": False, "maxRetransmits": 1}, ["unordered,", "1", "repeat"]),
        ({"ordered": False, "maxPacketLifeTime": 2000}, ["unordered,", "2000", "ms"]),
    ],
)
def test_channels(stream: dict[str, Any], words: list[str]) -> None:
    sent = {
        "dataProducerId": "d1",
        "label": "chat",
        "sctpStreamParameters": {"streamId": 0, **stream},
        "dataConsumers": 3,
        "streams": [{"messagesReceived": 5, "bytesReceived": 1234}],
    }
    got_on: dict[str, Any] = {
        "dataConsumerId": "e1",
        "label": "bot",
        "fromPeerId": None,
        "accepted": False,
        "streams": [],
    }
    text = show_peer({**bo(), "sendsData": [sent], "receivesData": [got_on]})
    assert row(text, "d1") == ["d1", "chat", *words, "3", "5", "1234"]
    assert row(text, "e1") == ["e1", "bot", "-", "offered", "-", "-", "-"]
    assert "SENDS ON" not in show_peer(bo())


def test_what_it_sends() -> None:
    inbound = {**STREAM, "type": "inbound-rtp", "mimeType": "video/VP8"}
    sent = {
        "producerId": "p1",
        "kind": "video",
        "type": "simulcast",
        "paused": False,
        "score": 9,
        "consumers": 3,
    }
    text = show_peer(bo(sends=({**sent, "streams": [inbound, {**inbound, "roundTripTime": 25.3}]},)))
    cells = ["p1", "video", "VP8", "simulcast", "flows", "9", "3", "500", "+", "500", "kbps"]
    assert row(text, "p1") == [*cells, "1.0", "Mbps", "20", "2", "4", "25", "ms"]
    layers = {"0.0": 40_000, "0.1": 60_000, "1.0": 150_000, "1.1": 210_000}
    text = show_peer(bo(sends=({**sent, "streams": [{**inbound, "bitrateByLayer": layers}]},)))
    assert row(text, "p1")[7:11] == ["60", "+", "210", "kbps"]


@pytest.mark.parametrize(
    ("track", "why"),
    [
        (got(outbound("bandwidth")), "the link to bo carries 180 kbps, and that is not enough for 2/2"),
        (
            got(outbound("notSent")),
            "ana does not send 2/2: its uplink, its CPU or a small picture does not allow it",
        ),
        (got(outbound("waking")), "ana was asked a moment ago to send 2/2 again"),
        (got(outbound("waiting")), "waits for a key frame of ana, to change layers at"),
        (got(outbound("preferred", preferredLayers=LOW)), "the app of bo wants no more than 0/1 of 2/2"),
        (got(outbound("paused"), paused=True, pausedBy=["sender"]), "paused by ana"),
        (got(outbound("paused"), paused=True, pausedBy=["sender", "receiver"]), "paused by ana and bo"),
        (got(accepted=False), "the app of bo has not answered the offer (newConsumer) yet"),
    ],
)
def test_why_not_more(track: dict[str, Any], why: str) -> None:
    assert list(reasons(bo(track))) == [f"video of ana: {why}"]
    assert show_peer(bo(track)).endswith(f"video of ana: {why}")


def test_what_is_at_its_best_needs_no_reason() -> None:
    assert (
        list(reasons(bo(got(outbound("preferred", currentLayers=TOP)), got(outbound(), kind="audio")))) == []
    )


LOCAL = {"localAddress": "203.0.113.7", "localPort": 10_002, "protocol": "udp"}
KNOWN = {**LOCAL, "remoteIp": "192.0.2.7", "remotePort": 5004}


@pytest.mark.parametrize(
    ("changes", "kind", "address"),
    [
        ({}, "plain", "waits for being connected at 203.0.113.7 10002"),
        ({"comedia": True}, "plain", "waits for a first packet at 203.0.113.7 10002"),
        ({"srtp": True, "tuple": KNOWN}, "plain, SRTP", "192.0.2.7 udp 5004"),
        (
            {"comedia": True, "tuple": KNOWN, "rtcpTuple": {**KNOWN, "remotePort": 5005}},
            "plain",
            "192.0.2.7 udp 5004, RTCP 5005 (learned)",
        ),
        ({"tuple": KNOWN, "rtcpTuple": LOCAL}, "plain", "192.0.2.7 udp 5004"),
    ],
)
def test_a_plain_transport(changes: dict[str, Any], kind: str, address: str) -> None:
    plain = {"transportId": "t1", "kind": "plain", "comedia": False, "srtp": False, "tuple": LOCAL}
    text = show_peer({**bo(), "kind": "broadcaster", "transports": [{**plain, **changes}]})
    assert row(text, "t1") == ["t1", *kind.split(), *"---", *address.split(), "-", "-"]
    assert row(text, "kind") == ["kind", "broadcaster"]
