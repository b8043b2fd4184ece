"""The context of a log line: its room, peer and worker."""

from __future__ import annotations

import logging

from mediad.logs.context import CONTEXT_KEYS, bind, context_of


def test_binding_narrows() -> None:
    room = bind("test", room="r1", worker=0)
    peer = room.bind(peer="ana", worker=1)
    assert peer.process("x", {})[1]["extra"] == {"room": "r1", "worker": 1, "peer": "ana"}
    assert room.process("x", {"extra": {"peer": "ben"}})[1]["extra"] == {
        "room": "r1",
        "worker": 0,
        "peer": "ben",
    }


def test_context_has_only_known_keys_in_their_order() -> None:
    record = logging.LogRecord("test", logging.INFO, "", 0, "x", None, None)
    record.__dict__ |= {"peer": "ana", "room": "r1", "other": 1, "consumer": None}
    context = context_of(record, {"worker": 2, "room": "of the process"})
    assert list(context.items()) == [("worker", 2), ("room", "r1"), ("peer", "ana")]
    assert list(context) == [key for key in CONTEXT_KEYS if key in context]
