"""Single frames of protoo, each on a line, and the table of requests that answers are for."""

from __future__ import annotations

import json

from mediad.signaling import json_input
from mediad.signaling.protoo import messages
from tests.fuzz.target import Target

SEEDS = [
    b'{"request":true,"id":7,"method":"join","data":{"a":[1,2.5,null]}}',
    b'{"notification":true,"method":"a","data":{}}',
    b'{"notification":true,"data":{}}',
    b'{"response":true,"id":0,"ok":true,"data":{}}',
    b'{"response":true,"id":0.5,"ok":false,"errorCode":404,"errorReason":"no"}',
    b'{"response":true,"id":1e400,"ok":false}\n{"response":true,"id":99,"ok":true}',
    b'{"request":true,"id":1e999,"method":""}\n{"request":true,"id":"7","method":7}',
    b'{"request":true,"id":9,"method":"a","data":"\\ud83d"}\n{"request":true,"id":{"a":1}',
    b'{"request":true,"id":123456789012345678901234,"method":"a"}\n[NaN]\n"a\0b',
    b'{"response":true,"id":5,\n{"id":[1],"request"\n{"a":{"id":3},"id":4,',
    b"[1" + b"0" * 40 + b"]\n[9999999999999999999, " + b"1" * 400 + b"]",
]


def one_input(data: bytes) -> None:
    table = messages.RequestTable()
    open_ids = {table.open(now_us) for now_us in range(3)}
    for line in data.decode("utf-8", "replace").split("\n"):
        try:
            message = messages.parse(line)
        except messages.ProtocolViolation as violation:
            if violation.request_id is not json_input.MISSING:
                json.loads(messages.error_text(violation.request_id, 500, str(violation)))
            continue
        match message:
            case messages.Request():
                json.loads(messages.success_text(message.id, message.data))
            case messages.Notification():
                json.loads(messages.notification_text(message.method, message.data))
            case messages.Response():
                closed = table.settle(message.id)
                assert closed is None or closed in open_ids, "an answer to nothing"
                open_ids.discard(-1 if closed is None else closed)
    assert len(table) == len(open_ids)
    due_us = table.get_timer()
    assert (due_us is None) is (not open_ids)
    assert set(table.handle_timer(1 << 62)) == open_ids


PARSERS = ("signaling/protoo/messages.py", "signaling/json_input.py")
TARGET = Target("protoo", SEEDS, lambda: one_input, PARSERS, shape="json")
