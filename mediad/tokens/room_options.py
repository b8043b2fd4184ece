"""The claims of a token that are about its room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediad.errors import InvalidInput
from mediad.rooms.options import RoomOptions
from mediad.rooms.spread import Spread, read_spread
from mediad.tokens.refusal import Cause, TokenRefused

FORMATS = ("mkv", "mp4", "webm")


def room_options(claims: Mapping[str, Any]) -> RoomOptions:
    """Return the options in verified claims. Raises TokenRefused for claims that cannot be understood.

    `record` is true or a format, `hls` true; `roomSpread` is a number of workers, "auto" or "off".
    """
    record, show = claims.get("record", False), claims.get("hls", False)
    if not isinstance(show, bool):
        raise TokenRefused(Cause.CLAIM, "the token's hls claim is neither true nor false")
    spread = _spread(claims.get("roomSpread"))
    if isinstance(record, bool):
        return RoomOptions(record=record, show=show, spread=spread)
    if record in FORMATS:
        return RoomOptions(record=True, record_format=record, show=show, spread=spread)
    raise TokenRefused(Cause.CLAIM, f"the token's record claim is none of true, false, {', '.join(FORMATS)}")


def _spread(claim: object) -> Spread | None:
    if claim is None:
        return None
    try:
        return read_spread("" if isinstance(claim, bool) else str(claim))
    except InvalidInput as error:
        raise TokenRefused(Cause.CLAIM, f"the token's roomSpread claim: {error}") from None
