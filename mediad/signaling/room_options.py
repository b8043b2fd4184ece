"""The claims of a token that are about its room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediad.rooms.options import RoomOptions
from mediad.signaling.access import NotAdmitted

FORMATS = ("mkv", "mp4", "webm")


def room_options(claims: Mapping[str, Any]) -> RoomOptions:
    """Return the options in verified claims: `record`, true or a format, and `hls`, true.

    Raises NotAdmitted for other values.
    """
    record, show = claims.get("record", False), claims.get("hls", False)
    if not isinstance(show, bool):
        raise NotAdmitted(401, "the token's hls claim is neither true nor false")
    if isinstance(record, bool):
        return RoomOptions(record=record, show=show)
    if record in FORMATS:
        return RoomOptions(record=True, record_format=record, show=show)
    raise NotAdmitted(401, f"the token's record claim is none of true, false, {', '.join(FORMATS)}")
