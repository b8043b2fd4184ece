"""The verb `events`: past events of the node, and with --follow new ones too."""

from __future__ import annotations

from mediad.ctl.command import Command, Follow, argument
from mediad.ctl.render import printable
from mediad.ctl.session import Data
from mediad.words import plural

_FIRST = ("worker", "room", "peer")
_SHOWN_ELSEWHERE = frozenset({"seq", "id", "time", "type", *_FIRST})


def _event(event: Data) -> str:
    """The line of an event: `2025-03-09T12:00:00.123Z  peer.joined  worker=0 room=lobby peer=ana`."""
    if event["type"] == "lost":
        return f"({plural(event['count'], 'event')} before this, no longer kept)"
    names = [*_FIRST, *(name for name in event if name not in _SHOWN_ELSEWHERE)]
    facts = " ".join(f"{name}={_value(event[name])}" for name in names if name in event)
    return f"{event['time']}  {event['type']:14}  {facts}"


def _value(value: object) -> str:
    text = printable(str(value))
    return f'"{text}"' if " " in text else text


COMMANDS = (
    Command(
        "events",
        "joins, leaves, rooms, workers: what happened, and what happens",
        Follow("events", _event),
        (
            argument(
                "--follow", "-f", dest="follow", action="store_true", default=None, help="wait for more"
            ),
            argument("--since", dest="since", metavar="SEQ", type=int, help="only events after this number"),
            argument("--room", dest="room", metavar="ROOM", help="only events of this room"),
            argument("--type", dest="type", metavar="TYPE", help='such as "peer.joined", or "peer" for both'),
        ),
    ),
)
