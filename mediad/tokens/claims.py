"""Claims: what a token's claims mean, as a pure function. Nothing that it cannot understand widens anything.

Three ways of saying the same are understood: mediad's own claims, LiveKit's `video` grants with `sub`, and
those of MeetLite. A token may mix them, as long as it does not contradict itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mediad.rooms.grants import Grants
from mediad.rooms.options import RoomOptions
from mediad.tokens.claim_reader import Reader, Said, refused
from mediad.tokens.refusal import Cause, TokenRefused, shown
from mediad.tokens.room_options import room_options

LIVEKIT_SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")
"""The kinds of tracks that LiveKit's tokens can name."""

MAX_CLAIMS = 512
"""The most claims, nested ones included, that are looked through for secrets."""

_SECRET_ENDINGS = ("secret", "password", "secretkey", "accesskey", "privatekey", "accountkey", "credentials")
"""Endings of names, without "_" and "-", of what an app keeps for itself: keys of storage, most of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The meaning of a token, for whoever brings it."""

    grants: Grants
    room_options: RoomOptions
    room_id: str | None = None
    """The only room that it is for; None: any."""
    peer_id: str | None = None
    """The only peer that it is for; None: any."""
    joins: bool = True
    """False for a token that is for other requests than joining a room."""
    once: bool = False
    """True when it admits only once, known by its `jti`."""


def read_claims(claims: Mapping[str, Any]) -> Meaning:
    """Return the meaning of claims. Raises TokenRefused, with the claim's name, for what means nothing."""
    own = Reader(claims, "")
    said = Said()
    said.take("roomId", own.identity("roomId"))
    said.take("peerId", own.identity("peerId"))
    for name in ("publish", "subscribe", "data", "admin"):
        said.take(name, own.flag(name))
    said.take("may_record", own.flag("mayRecord"), "mayRecord")
    said.take("sources", own.names("sources"))
    joins = _read_livekit(claims, said)
    if "userId" in claims and "email" in claims and "peerId" not in claims:
        said.take("peerId", own.user("userId"), "userId")
    return Meaning(
        grants=_grants(said, own),
        room_options=room_options(claims),
        room_id=said.get("roomId"),
        peer_id=said.get("peerId"),
        joins=joins,
        once=_once(own),
    )


def _grants(said: Said, own: Reader) -> Grants:
    limits = own.table("limits") or Reader({}, "limits.")
    limits.only("bitrate", "producers", "consumers")
    return Grants(
        publish=said.get("publish", True),
        subscribe=said.get("subscribe", True),
        publish_data=said.get("data", True),
        admin=said.get("admin", False),
        record=said.get("may_record", False),
        sources=said.get("sources"),
        codecs=own.codecs("codecs"),
        max_bitrate_bps=limits.count("bitrate", least=1),
        max_producers=limits.count("producers"),
        max_consumers=limits.count("consumers"),
        expires_at_s=expiry(own),
    )


def _read_livekit(claims: Mapping[str, Any], said: Said) -> bool:
    """Take what LiveKit's claims say, if there are any, and return whether the token is for joining."""
    video = Reader(claims, "").table("video")
    if video is None:
        return True
    if video.flag("hidden"):
        raise refused("video.hidden", "asks for what this server cannot do: peers are seen by the others")
    joins = video.flag("roomJoin") or False
    room_id, identity = video.identity("room", empty=True), Reader(claims, "").identity("sub")
    said.take("roomId", room_id, "video.room")
    said.take("peerId", identity, "sub")
    if joins and (room_id is None or identity is None):
        missing = "video.room" if room_id is None else "sub"
        raise refused(missing, "is missing: video.roomJoin is for one room, and for whoever sub names")
    for name, claim in (("publish", "canPublish"), ("subscribe", "canSubscribe"), ("data", "canPublishData")):
        said.take(name, video.flag(claim) if joins else False, f"video.{claim}")
    said.take("admin", video.flag("roomAdmin"), "video.roomAdmin")
    said.take("may_record", video.flag("roomRecord"), "video.roomRecord")
    sources = video.names("canPublishSources")
    unknown = sorted((sources or frozenset()) - {*LIVEKIT_SOURCES})
    if unknown:
        raise refused("video.canPublishSources", f"names none of {', '.join(LIVEKIT_SOURCES)}")
    said.take("sources", sources or None, "video.canPublishSources")  # LiveKit: an empty list allows all
    return joins


def _once(own: Reader) -> bool:
    once = own.flag("once") or False
    if once and own.identity("jti") is None:
        raise refused("jti", "is missing: a token that is for one use needs one")
    if once and expiry(own) is None:
        raise refused("exp", "is missing: a token that is for one use must expire")
    return once


def expiry(own: Reader) -> float | None:
    """Return the end of the token's life in Unix time (seconds), if it has one."""
    return own.time("exp")


def require_no_secrets(claims: Mapping[str, Any]) -> None:
    """Raise TokenRefused for a token that carries somebody's secret: whoever holds a token can read it."""
    for count, (path, name, value) in enumerate(_walk(claims)):
        if count >= MAX_CLAIMS:
            raise TokenRefused(Cause.MALFORMED, f"the token has more than {MAX_CLAIMS} claims")
        plain = name.lower().replace("_", "").replace("-", "")
        if value and not isinstance(value, bool | int | float) and plain.endswith(_SECRET_ENDINGS):
            raise TokenRefused(
                Cause.SECRET,
                f"the token carries a secret in {shown(path)}, which everyone who sees the token can read: "
                "keep it at the server, and make a new one",
            )


def _walk(claims: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield all claims with their path and name, those inside of others too."""
    waiting: list[tuple[str, Any]] = [("", claims)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            for name, inner in value.items():
                where = f"{path}.{name}" if path else str(name)
                yield where, str(name), inner
                waiting.append((where, inner))
        elif isinstance(value, list):
            for inner in value:
                yield path, "", inner
                waiting.append((path, inner))
