"""Verbs about rooms that are shown over HLS: hls start|stop|list."""

from __future__ import annotations

import time
from urllib.parse import quote

from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.render import duration, printable, table
from mediad.ctl.session import Data
from mediad.words import plural

GROUPS = {"hls": "show rooms to people who watch without joining"}


def _started(data: Data) -> str:
    room = data["roomId"]
    what = printable(room) if data["peerId"] is None else f"{printable(data['peerId'])} in {printable(room)}"
    page = f"/watch/{quote(room, safe='')}"
    return (
        f"{what} is shown at {page} of the server's URL; end that with: mediactl hls stop {printable(room)}"
    )


def _stopped(data: Data) -> str:
    return f"{printable(data['roomId'])} is shown no longer"


def _list(data: Data) -> str:
    if not data["shows"]:
        return "no room is shown over HLS"
    now_s = time.time()
    rows = [
        (
            show["roomId"],
            show["peerId"],
            show["state"],
            duration(max(0.0, now_s - show["since"])),
            ", ".join(stream["peerId"] for stream in show["streams"]),
            show["pid"],
        )
        for show in data["shows"]
    ]
    listed = table(("ROOM", "PEER", "STATE", "SINCE", "STREAMS OF", "PID"), rows)
    return f"{listed}\n\n{plural(len(rows), 'room')}"


_ROOM = argument("roomId", metavar="ROOM", help="its id")

COMMANDS = (
    Command(
        "hls start",
        "show a room, or one peer of it, to people who watch without joining",
        Ask("hls.start", _started),
        (
            _ROOM,
            argument("--peer", dest="peerId", metavar="PEER", help="only this peer"),
            argument(
                "--transcode",
                action="store_const",
                const=True,
                help="make pictures that players cannot take (VP8) into H.264; needs ffmpeg and much CPU",
            ),
        ),
    ),
    Command("hls stop", "show a room no longer", Ask("hls.stop", _stopped), (_ROOM,)),
    Command("hls list", "the rooms that are shown", Ask("hls.list", _list)),
)
