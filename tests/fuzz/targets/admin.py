"""A conversation on the admin socket: each line is a request, or else bytes as they are.

The methods are those of rooms, status, events and settings over a real registry with somebody in a room.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from mediad.config.live import LiveSettings
from mediad.config.load import Loaded
from mediad.config.settings import Settings
from mediad.errors import EnvelopeError
from mediad.protocols.envelope import Decoder, Request, Response, encode
from mediad.supervisor.admin import event_methods, settings_methods
from mediad.supervisor.admin.conversation import Conversation
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.admin.room_methods import RoomMethods
from mediad.telemetry.feed import Feed
from tests.fuzz.target import Take, Target
from tests.support.calls import Call
from tests.support.rtp_samples import opus

MAX_LINES = 20
RAW = b"raw "
WORDS: list[tuple[str, dict[str, Any]]] = [
    ("rooms", {}),
    ("room.show", {"roomId": "room"}),
    ("room.move", {"roomId": "room", "workerId": 0}),
    ("room.spread", {"roomId": "room", "spread": "2"}),
    ("peers", {"roomId": "room"}),
    ("peer.show", {"roomId": "room", "peerId": "ana"}),
    ("peer.kick", {"roomId": "room", "peerId": "ana", "reason": "no"}),
    ("room.close", {"roomId": "room", "reason": "no"}),
    ("events", {"follow": True, "since": 0, "type": "peer"}),
    ("events", {"room": "room"}),
    ("config", {}),
    ("logLevel", {"level": "debug"}),
    ("nothing", {"a": "b"}),
]
LINES = [json.dumps([number, *words]).encode() for number, words in enumerate(WORDS)]
SEEDS = [
    b"\n".join(LINES),
    *LINES,
    *(b"\n".join([LINES[8], RAW + line]) for line in (b"\0\0\0\1\xc0", b"\xff\xff")),
]
SEEDS.append(b"\n".join([LINES[8]] * 18))


class _Wire:
    """The writing end of a connection, which keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        await asyncio.sleep(0)


def make() -> Take:
    return lambda data: asyncio.run(_talk(data))


async def _talk(data: bytes) -> None:
    call = Call(2)
    ana = await call.talker("ana")
    await ana.produce("audio", opus())
    methods = AdminMethods(
        RoomMethods(call.registry).table(),
        event_methods.table(Feed()),
        settings_methods.table(LiveSettings(Loaded(Settings()))),
    )
    reader, wire = asyncio.StreamReader(), _Wire()
    talk = Conversation(reader, cast("asyncio.StreamWriter", wire), methods.call)
    running = asyncio.create_task(talk.run())
    asked = 0
    for line in data.split(b"\n")[:MAX_LINES]:
        content = _request(line)
        asked += content is not None and not line.startswith(RAW)
        reader.feed_data(content or b"")
        await call.settle()
    reader.feed_eof()
    try:
        await running
    except EnvelopeError:
        asked = MAX_LINES
    _check(bytes(wire.written), asked)
    await call.registry.close()


def _request(line: bytes) -> bytes | None:
    """Return the bytes of a line: those it holds, or a request of its number, name and data."""
    if line.startswith(RAW):
        return line[len(RAW) :]
    try:
        number, name, data = json.loads(line)
        return encode(Request(number, name, data))
    except (ValueError, TypeError, EnvelopeError, RecursionError):
        return None


def _check(written: bytes, asked: int) -> None:
    """Hold that what was written are messages: no more answers than questions, and no internal error."""
    answers = [message for message in Decoder().feed(written) if isinstance(message, Response)]
    assert len(answers) <= asked
    assert b"internal error" not in written, written


TARGET = Target(
    "admin", SEEDS, make, ("supervisor/admin/conversation.py", "supervisor/admin/methods.py"), shape="json"
)
