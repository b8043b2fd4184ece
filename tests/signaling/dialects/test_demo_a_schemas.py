from __future__ import annotations

import msgspec

from mediad.signaling.dialects import demo_a_schemas as schemas


def test_null_is_absent() -> None:
    data = {"forceTcp": None, "producing": None, "consuming": None}
    assert msgspec.convert(data, schemas.CreateWebRtcTransport) == schemas.CreateWebRtcTransport()
