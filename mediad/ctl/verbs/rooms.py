"""Verbs about single rooms and peers: rooms, room show|move|spread|close, peers, peer show|kick."""

from __future__ import annotations

from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.grants_view import describe_grants
from mediad.ctl.peer_view import show_peer
from mediad.ctl.render import bitrate, duration, fields, printable, share, table, yes_no
from mediad.ctl.session import Data
from mediad.words import plural

GROUPS = {"room": "one room: look at it, move or end it", "peer": "one peer: look at it, or remove it"}

_ROOM = argument("roomId", metavar="ROOM", help="its id")
_PEER = argument("peerId", metavar="PEER", help="its id")
_REASON = argument("--reason", metavar="TEXT", help="what the clients are told")


_OFF_WORKER = argument(
    "--worker", dest="workerId", type=int, metavar="N", help="off this worker; without it, off its home"
)
_SPREAD = argument("spread", metavar="N|auto|off", help="how many workers, or as many as it needs, or one")


def _rooms(data: Data) -> str:
    rows = [
        (room["roomId"], _workers(room), room["peers"], room["producers"], room["consumers"])
        for room in data["rooms"]
    ]
    return table(("ROOM", "WORKER", "PEERS", "PRODUCERS", "CONSUMERS"), rows)


def _workers(room: Data) -> str:
    """Return the workers of a room, its home first."""
    return ", ".join(str(branch["workerId"]) for branch in room["branches"])


def _room(data: Data) -> str:
    head = fields(
        [
            ("room", data["roomId"]),
            ("worker", _workers(data)),
            ("spread", data["spread"]),
            ("open for", duration(data["ageS"])),
            ("tracks", f"{data['producers']} sent, {data['consumers']} received"),
            ("data channels", f"{data['dataProducers']} sent on, {data['dataConsumers']} received on"),
        ]
    )
    rows = [
        (
            peer["peerId"],
            peer["displayName"],
            _device(peer),
            yes_no(peer["joined"]),
            duration(peer["ageS"]),
            peer["producers"],
            peer["consumers"],
            bitrate(peer["recvBitrate"]),
            bitrate(peer["sendBitrate"]),
            share(peer["lossReceived"]),
            share(peer["lossSent"]),
        )
        for peer in data["peers"]
    ]
    headings = (
        "PEER",
        "NAME",
        "DEVICE",
        "JOINED",
        "SINCE",
        "SENDS",
        "GETS",
        "FROM IT",
        "TO IT",
        "LOSS",
        "LOST",
    )
    parts = [head, *_branches(data), table(headings, rows), *_limited(data)]
    return "\n\n".join(parts)


def _limited(data: Data) -> list[str]:
    """Return what those peers may do who may not do everything."""
    rows = [(peer["peerId"], describe_grants(peer["grants"])) for peer in data["peers"] if peer.get("grants")]
    return [table(("PEER", "GRANTS"), rows)] if rows else []


def _branches(data: Data) -> list[str]:
    """Return the branches of a room that is on several workers, and what is piped between them."""
    if len(data["branches"]) == 1:
        return []
    rows = [
        (
            branch["workerId"],
            "home" if number == 0 else "",
            branch["peers"],
            branch["producers"],
            branch["consumers"],
        )
        for number, branch in enumerate(data["branches"])
    ]
    parts = [table(("WORKER", "", "PEERS", "SENT", "RECEIVED"), rows)]
    if data["pipes"]:
        rows_of_pipes = [
            (
                _way(end["workerId"], other["workerId"]),
                bitrate(end["sendBitrate"]),
                *_through(data, end, other),
            )
            for pipe in data["pipes"]
            for end, other in (pipe["ends"], pipe["ends"][::-1])
        ]
        parts.append(table(("PIPE", "BITRATE", "TRACKS", "CHANNELS"), rows_of_pipes))
    if data["piped"]:
        rows_of_piped = [
            (
                _way(piped["fromWorkerId"], piped["toWorkerId"]),
                piped["kind"],
                piped["producerId"],
                piped["fromPeerId"] or "the bot",
                piped["receivers"],
                bitrate(piped["bitrate"]),
            )
            for piped in data["piped"]
        ]
        parts.append(table(("PIPED", "KIND", "ID", "OF", "RECEIVERS", "BITRATE"), rows_of_piped))
    return parts


def _way(from_worker: int, to_worker: int) -> str:
    return f"{from_worker} → {to_worker}"


def _through(data: Data, end: Data, other: Data) -> tuple[int, int]:
    """Return the numbers of tracks and of data channels that go from one end of a pipe to the other."""
    way = (end["workerId"], other["workerId"])
    kinds = [p["kind"] for p in data["piped"] if (p["fromWorkerId"], p["toWorkerId"]) == way]
    channels = kinds.count("data")
    return len(kinds) - channels, channels


def _room_spread(data: Data) -> str:
    where = f"on {'workers' if len(data['workers']) > 1 else 'worker'} {', '.join(map(str, data['workers']))}"
    what = f"spread of room {printable(data['roomId'])} is {data['spread']} now"
    peers = f"{plural(data['peers'], 'peer')} where they are, {where}"
    return f"{what}; it counts for newcomers, and leaves {peers}"


def _device(peer: Data) -> str:
    """The device of a peer; of a broadcaster, which has no connection, with that word."""
    names = ["broadcaster"] if peer.get("kind") == "broadcaster" else []
    return ", ".join([*names, *([peer["device"]] if peer["device"] else [])])


def _room_closed(data: Data) -> str:
    return f"room {printable(data['roomId'])} is closed; it held {plural(data['peers'], 'peer')}"


def _room_moves(data: Data) -> str:
    peers = f"{plural(data['peers'], 'peer')} told to come back, and will find it elsewhere"
    return f"room {printable(data['roomId'])} leaves worker {data['fromWorkerId']}; {peers}"


def _peers(data: Data) -> str:
    rows = [
        (
            peer["roomId"],
            peer["peerId"],
            peer["displayName"],
            _device(peer),
            peer["workerId"],
            yes_no(peer["joined"]),
            duration(peer["ageS"]),
            peer["producers"],
            peer["consumers"],
        )
        for peer in data["peers"]
    ]
    headings = ("ROOM", "PEER", "NAME", "DEVICE", "WORKER", "JOINED", "SINCE", "SENDS", "GETS")
    return table(headings, rows)


def _kicked(data: Data) -> str:
    closed = ", and its room is closed: nobody else was in it" if data["roomClosed"] else ""
    return f"peer {printable(data['peerId'])} was removed from {printable(data['roomId'])}{closed}"


COMMANDS = (
    Command("rooms", "the rooms, and how large they are", Ask("rooms", _rooms)),
    Command("room show", "one room, and who is in it", Ask("room.show", _room), (_ROOM,)),
    Command("room close", "end a room for everybody", Ask("room.close", _room_closed), (_ROOM, _REASON)),
    Command(
        "room move",
        "have a room's peers meet again on another worker",
        Ask("room.move", _room_moves),
        (_ROOM, _OFF_WORKER),
    ),
    Command(
        "room spread",
        "set how many workers a room may be on, for newcomers",
        Ask("room.spread", _room_spread),
        (_ROOM, _SPREAD),
    ),
    Command(
        "peers",
        "everybody on this node, or in one room",
        Ask("peers", _peers),
        (argument("--room", dest="roomId", metavar="ROOM", help="of this room only"),),
    ),
    Command(
        "peer show",
        "one peer: transports, tracks, layers, bitrates, and why not more",
        Ask("peer.show", show_peer),
        (_ROOM, _PEER),
    ),
    Command(
        "peer kick",
        "remove a peer; apps do not come back by themselves",
        Ask("peer.kick", _kicked),
        (_ROOM, _PEER, _REASON),
    ),
)
