"""The output of the verbs about rooms and peers."""

from __future__ import annotations

from typing import Any

from mediad.ctl.command import Ask
from mediad.ctl.verbs.rooms import COMMANDS, GROUPS

SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}

PEER = {
    "peerId": "ana",
    "displayName": "Ana",
    "device": "Chrome 141",
    "joined": True,
    "ageS": 61,
    "transports": ["t1"],
    "producers": 1,
    "consumers": 2,
    "recvBitrate": 1_500_000,
    "sendBitrate": 64_000,
    "lossReceived": 0.012,
    "lossSent": None,
    "availableBitrate": None,
}


def row(text: str, first: str) -> list[str]:
    """The cells of the line that begins with `first`."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [first])


def test_rooms() -> None:
    branches = [{"workerId": 2, "peers": 2}, {"workerId": 0, "peers": 1}]
    room = {"roomId": "lobby", "peers": 3, "producers": 6, "consumers": 12, "branches": branches}
    assert SHOW["rooms"]({"rooms": [room]}).splitlines()[1].split() == ["lobby", "2,", "0", "3", "6", "12"]
    assert SHOW["rooms"]({"rooms": []}).split()[0] == "ROOM"


def test_a_room() -> None:
    counts: dict[str, Any] = {"producers": 4, "consumers": 8, "dataProducers": 3, "dataConsumers": 6}
    branch = {"workerId": 2, "peers": 1, "producers": 1, "consumers": 2}
    counts |= {"spread": "off", "branches": [branch], "pipes": [], "piped": []}
    text = SHOW["room show"]({"roomId": "lobby", "workerId": 2, "ageS": 3700, **counts, "peers": [PEER]})
    assert row(text, "worker") == ["worker", "2"]
    assert row(text, "spread") == ["spread", "off"]
    assert "WORKER" not in text
    assert row(text, "open") == ["open", "for", "1h", "1m"]
    assert row(text, "tracks") == ["tracks", "4", "sent,", "8", "received"]
    assert row(text, "data") == ["data", "channels", "3", "sent", "on,", "6", "received", "on"]
    cells = ["ana", "Ana", "Chrome", "141", "yes", "1m", "1s", "1", "2", "1.5", "Mbps", "64", "kbps"]
    assert row(text, "ana") == [*cells, "1.2%", "-"]


def test_a_room_on_several_workers() -> None:
    piped = {
        "producerId": "p1",
        "kind": "video",
        "fromPeerId": "ana",
        "fromWorkerId": 2,
        "toWorkerId": 0,
        "receivers": 5,
        "bitrate": 1_200_000,
    }
    voice = {**piped, "producerId": "d1", "kind": "data", "fromPeerId": None, "bitrate": None}
    ends = [{"workerId": 0, "sendBitrate": 12_000}, {"workerId": 2, "sendBitrate": 1_300_000}]
    text = SHOW["room show"](
        {
            **dict.fromkeys(("producers", "consumers", "dataProducers", "dataConsumers", "ageS"), 1),
            "roomId": "lobby",
            "spread": "2",
            "branches": [
                {"workerId": 2, "peers": 3, "producers": 6, "consumers": 20},
                {"workerId": 0, "peers": 2, "producers": 4, "consumers": 16},
            ],
            "pipes": [{"ends": ends}],
            "piped": [piped, voice],
            "peers": [PEER],
        }
    )
    lines = [line.split() for line in text.splitlines()]
    assert ["worker", "2,", "0"] in lines
    assert ["2", "home", "3", "6", "20"] in lines
    assert ["0", "2", "4", "16"] in lines
    assert ["0", "→", "2", "12", "kbps", "0", "0"] in lines
    assert ["2", "→", "0", "1.3", "Mbps", "1", "1"] in lines
    assert ["2", "→", "0", "video", "p1", "ana", "5", "1.2", "Mbps"] in lines
    assert ["2", "→", "0", "data", "d1", "the", "bot", "5", "-"] in lines


def test_a_spread_is_for_newcomers() -> None:
    said = SHOW["room spread"]({"roomId": "lobby", "spread": "3", "peers": 4, "workers": [0]})
    counts = "it counts for newcomers, and leaves 4 peers where they are, on worker 0"
    assert said == f"spread of room lobby is 3 now; {counts}"
    said = SHOW["room spread"]({"roomId": "lobby", "spread": "off", "peers": 1, "workers": [0, 2]})
    assert said.endswith("leaves 1 peer where they are, on workers 0, 2")


def test_peers() -> None:
    text = SHOW["peers"]({"peers": [{**PEER, "roomId": "lobby", "workerId": 2}]})
    assert row(text, "lobby") == ["lobby", "ana", "Ana", "Chrome", "141", "2", "yes", "1m", "1s", "1", "2"]


def test_what_was_done() -> None:
    closed = SHOW["room close"]({"roomId": "lob\nby", "peers": 3})
    assert closed == "room lob\\nby is closed; it held 3 peers"
    kicked = {"roomId": "lobby", "peerId": "ana", "roomClosed": False}
    assert SHOW["peer kick"](kicked) == "peer ana was removed from lobby"
    assert SHOW["peer kick"]({**kicked, "roomClosed": True}).endswith("nobody else was in it")


def test_groups() -> None:
    assert set(GROUPS) == {"room", "peer"}


def test_moving_a_room() -> None:
    shown = SHOW["room move"]({"roomId": "lobby", "peers": 3, "fromWorkerId": 1})
    expected = "room lobby leaves worker 1; 3 peers told to come back, and will find it elsewhere"
    assert shown == expected


def test_broadcasters_are_named_so() -> None:
    peers = [{**PEER, "kind": "broadcaster", "roomId": "lobby", "workerId": 2}]
    assert row(SHOW["peers"]({"peers": peers}), "lobby")[3:6] == ["broadcaster,", "Chrome", "141"]
