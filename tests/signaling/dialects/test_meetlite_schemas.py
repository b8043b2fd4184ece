"""Data of MeetLite's events: what is taken, and what is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mediad.signaling.dialects import meetlite_schemas as schemas


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (schemas.Claims, {"userId": True}),
        (schemas.Claims, {"userId": "x" * 129}),
        (schemas.Claims, {"userId": 10**200}),
        (schemas.Claims, {"userId": "ana", "email": 5}),
        (schemas.Claims, {"email": "ana@example.org"}),
        (schemas.JoinRoom, {"roomId": "x" * 129}),
        (schemas.CreateTransport, {"direction": "both"}),
        (schemas.ConnectTransport, {"direction": "send", "dtlsParameters": {"fingerprints": []}}),
        (schemas.CreateProducer, {"kind": "video", "rtpParameters": []}),
        (schemas.ProducerKind, {"kind": "screen"}),
        (schemas.ConsumerData, {"consumerId": 5}),
    ],
)
def test_what_does_not_fit_is_refused(schema: type, data: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, schema)


def test_unknown_members_are_ignored() -> None:
    claims = msgspec.convert({"userId": 7, "email": "a@b", "iat": 1, "role": ["x"]}, schemas.Claims)
    assert (claims.user_id, claims.name, claims.room_id) == (7, None, None)
