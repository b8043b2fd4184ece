"""The output of the verbs about rooms and peers."""

from __future__ import annotations

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
    room = {"roomId": "lobby", "workerId": 0, "peers": 3, "producers": 6, "consumers": 12}
    assert SHOW["rooms"]({"rooms": [room]}).splitlines()[1].split() == ["lobby", "0", "3", "6", "12"]
    assert SHOW["rooms"]({"rooms": []}).split()[0] == "ROOM"


def test_a_room() -> None:
    counts = {"producers": 4, "consumers": 8, "dataProducers": 3, "dataConsumers": 6}
    text = SHOW["room show"]({"roomId": "lobby", "workerId": 2, "ageS": 3700, **counts, "peers": [PEER]})
    assert row(text, "open") == ["open", "for", "1h", "1m"]
    assert row(text, "tracks") == ["tracks", "4", "sent,", "8", "received"]
    assert row(text, "data") == ["data", "channels", "3", "sent", "on,", "6", "received", "on"]
    cells = ["ana", "Ana", "Chrome", "141", "yes", "1m", "1s", "1", "2", "1.5", "Mbps", "64", "kbps"]
    assert row(text, "ana") == [*cells, "1.2%", "-"]


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
