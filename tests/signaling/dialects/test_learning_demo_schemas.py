"""Data of the learning demo's events: what is taken, and what is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mediad.signaling.dialects import learning_demo_schemas as schemas


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (schemas.CreateTransport, {"sender": "yes"}),
        (schemas.CreateTransport, {}),
        (
            schemas.ConnectTransport,
            {"dtlsParameters": {"fingerprints": [{"algorithm": "md5", "value": "AA"}]}},
        ),
        (schemas.Produce, {"kind": "screen-video", "rtpParameters": {}}),
        (schemas.Consume, {"rtpCapabilities": None}),
        (schemas.Anything, "text"),
    ],
)
def test_what_does_not_fit_is_refused(schema: type, data: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, schema)


def test_an_event_without_data_takes_any_object() -> None:
    msgspec.convert({"what": "ever"}, schemas.Anything)
