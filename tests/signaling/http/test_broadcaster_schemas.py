from __future__ import annotations

import msgspec
import pytest

from mediad.signaling.http import broadcaster_schemas as schemas


def test_what_may_be_missing_is_found_missing_later() -> None:
    assert msgspec.convert({}, schemas.CreateA).id == ""


def test_a_transport_of_dialect_b_has_no_type() -> None:
    body = msgspec.convert({"direction": "producer", "comedia": True}, schemas.CreateTransport)
    assert (body.type, body.direction) == (None, "producer")


def test_consumers_flow_unless_told_otherwise() -> None:
    body = {"transportId": "t", "producerId": "p", "rtpCapabilities": {}}
    assert msgspec.convert(body, schemas.ConsumeB).paused is False
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**body, "paused": "yes"}, schemas.ConsumeB)
