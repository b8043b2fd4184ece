"""The claims of a token: what they mean, and which of them mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.rooms.grants import Grants
from mediad.tokens.claims import MAX_CLAIMS, read_claims, require_no_secrets
from mediad.tokens.refusal import Cause, TokenRefused

VIDEO = {"room": "r", "roomJoin": True}


@pytest.mark.parametrize(
    ("claims", "grants"),
    [
        ({}, Grants()),
        ({"publish": False}, Grants(publish=False)),
        ({"subscribe": False, "data": False}, Grants(subscribe=False, publish_data=False)),
        ({"admin": True, "mayRecord": True}, Grants(admin=True, record=True)),
        ({"record": "mp4"}, Grants()),
        ({"sources": ["webcam", "mic"]}, Grants(sources=frozenset({"webcam", "mic"}))),
        ({"sources": []}, Grants(sources=frozenset())),
        ({"codecs": ["video/VP8", "audio/opus"]}, Grants(codecs=frozenset({"video/vp8", "audio/opus"}))),
        (
            {"limits": {"bitrate": 500_000, "producers": 0, "consumers": 9}},
            Grants(max_bitrate_bps=500_000, max_producers=0, max_consumers=9),
        ),
        ({"exp": 1_700_000_000}, Grants(expires_at_s=1_700_000_000.0)),
        ({"sub": "ana", "video": VIDEO}, Grants()),
        ({"sub": "ana", "video": VIDEO | {"canPublish": False}}, Grants(publish=False)),
        ({"sub": "ana", "video": VIDEO | {"canSubscribe": False}}, Grants(subscribe=False)),
        ({"sub": "ana", "video": VIDEO | {"canPublishData": False}}, Grants(publish_data=False)),
        (
            {"sub": "a", "video": VIDEO | {"roomAdmin": True, "roomRecord": True}},
            Grants(admin=True, record=True),
        ),
        ({"sub": "a", "video": VIDEO | {"canPublishSources": []}}, Grants()),
        (
            {"sub": "a", "video": VIDEO | {"canPublishSources": ["camera", "screen_share"]}},
            Grants(sources=frozenset({"camera", "screen_share"})),
        ),
        ({"sub": "a", "video": VIDEO, "publish": True, "codecs": []}, Grants(codecs=frozenset())),
        (
            {"video": {"roomRecord": True}},
            Grants(publish=False, subscribe=False, publish_data=False, record=True),
        ),
        ({"userId": 7, "email": "a@b.example"}, Grants()),
        ({"nobody": ["knows", {"this": "claim"}]}, Grants()),
    ],
)
def test_claims_that_mean_something(claims: dict[str, Any], grants: Grants) -> None:
    assert read_claims(claims).grants == grants


@pytest.mark.parametrize(
    ("claims", "room_id", "peer_id"),
    [
        ({}, None, None),
        ({"roomId": "r", "peerId": "p"}, "r", "p"),
        ({"sub": "ana"}, None, None),
        ({"sub": "ana", "video": VIDEO}, "r", "ana"),
        ({"sub": "ana", "peerId": "ana", "roomId": "r", "video": VIDEO}, "r", "ana"),
        ({"userId": 7, "email": ""}, None, "7"),
        ({"userId": "u", "email": "", "roomId": "r"}, "r", "u"),
        ({"userId": 7}, None, None),
        ({"userId": 7, "email": "", "peerId": "ana"}, None, "ana"),
    ],
)
def test_who_a_token_is_for(claims: dict[str, Any], room_id: str | None, peer_id: str | None) -> None:
    meaning = read_claims(claims)
    assert (meaning.room_id, meaning.peer_id, meaning.joins) == (room_id, peer_id, True)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"roomId": None}, "roomId"),
    ({"roomId": ""}, "roomId"),
    ({"roomId": "r" * 129}, "roomId"),
    ({"peerId": 7}, "peerId"),
    ({"publish": "false"}, "publish"),
    ({"publish": None}, "publish"),
    ({"publish": 1}, "publish"),
    ({"subscribe": []}, "subscribe"),
    ({"data": {}}, "data"),
    ({"admin": "yes"}, "admin"),
    ({"mayRecord": 1}, "mayRecord"),
    ({"record": "avi"}, "record"),
    ({"sources": "webcam"}, "sources"),
    ({"sources": [7]}, "sources"),
    ({"sources": None}, "sources"),
    ({"sources": ["s"] * 33}, "sources"),
    ({"codecs": ["VP8"]}, "codecs"),
    ({"codecs": {"video/VP8": True}}, "codecs"),
    ({"limits": None}, "limits"),
    ({"limits": []}, "limits"),
    ({"limits": {"bitrate": 0}}, "limits.bitrate"),
    ({"limits": {"bitrate": "1 Mbit/s"}}, "limits.bitrate"),
    ({"limits": {"producers": -1}}, "limits.producers"),
    ({"limits": {"consumers": 1.5}}, "limits.consumers"),
    ({"limits": {"consumers": True}}, "limits.consumers"),
    ({"limits": {"maxBitrate": 5}}, "limits.maxBitrate"),
    ({"exp": "soon"}, "exp"),
    ({"exp": float("inf")}, "exp"),
    ({"once": "yes"}, "once"),
    ({"once": True, "exp": 5}, "jti"),
    ({"once": True, "jti": "j"}, "exp"),
    ({"video": None}, "video"),
    ({"video": True}, "video"),
    ({"sub": "a", "video": {"roomJoin": True}}, "video.room"),
    ({"sub": "a", "video": {"roomJoin": True, "room": ""}}, "video.room"),
    ({"video": VIDEO}, "sub"),
    ({"sub": "a", "video": VIDEO | {"canPublish": "true"}}, "video.canPublish"),
    ({"sub": "a", "video": VIDEO | {"canPublishSources": ["webcam"]}}, "video.canPublishSources"),
    ({"sub": "a", "video": VIDEO | {"canPublishSources": "camera"}}, "video.canPublishSources"),
    ({"sub": "a", "video": VIDEO | {"hidden": True}}, "video.hidden"),
    ({"sub": "a", "video": VIDEO, "roomId": "other"}, "video.room"),
    ({"sub": "a", "video": VIDEO, "peerId": "ben"}, "sub"),
    ({"sub": "a", "video": VIDEO | {"canPublish": False}, "publish": True}, "video.canPublish"),
    ({"sub": "a", "video": VIDEO | {"roomAdmin": True}, "admin": False}, "video.roomAdmin"),
    ({"userId": None, "email": ""}, "userId"),
    ({"userId": -1, "email": ""}, "userId"),
    ({"roomSpread": "all"}, "roomSpread"),
    ({"hls": 1}, "hls"),
]


@pytest.mark.parametrize(("claims", "claim"), WRONG)
def test_a_claim_that_means_nothing_is_refused_by_its_name(claims: dict[str, Any], claim: str) -> None:
    with pytest.raises(TokenRefused, match=f"the token's {claim} claim") as caught:
        read_claims(claims)
    assert caught.value.cause is Cause.CLAIM


def test_a_token_without_roomJoin_joins_nothing() -> None:
    meaning = read_claims({"sub": "a", "video": {"room": "r", "roomAdmin": True}})
    assert not meaning.joins
    assert meaning.grants.admin


def test_a_token_for_one_use() -> None:
    assert read_claims({"once": True, "jti": "j", "exp": 5}).once
    assert not read_claims({"once": False, "jti": "j"}).once


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        ({"s3": {"secret": "x"}}, "s3.secret"),
        ({"roomConfig": {"egress": [{"s3": {"access_key": "k"}}]}}, "roomConfig.egress.s3.access_key"),
        ({"azure": {"accountKey": "k"}}, "azure.accountKey"),
        ({"gcp": {"credentials": {"type": "service_account"}}}, "gcp.credentials"),
        ({"dbPassword": "hunter2"}, "dbPassword"),
        ({"aws_secret_access_key": "k"}, "aws_secret_access_key"),
    ],
)
def test_tokens_with_secrets_are_refused(claims: dict[str, Any], path: str) -> None:
    with pytest.raises(TokenRefused, match=path) as caught:
        require_no_secrets(claims)
    assert caught.value.cause is Cause.SECRET
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "claims", [{}, {"secret": ""}, {"secret": False}, {"secretary": "ana"}, {"password": None}, {"keys": [1]}]
)
def test_tokens_without_secrets(claims: dict[str, Any]) -> None:
    require_no_secrets(claims)


def test_claims_are_not_looked_through_for_ever() -> None:
    require_no_secrets({"many": [0] * (MAX_CLAIMS - 1)})
    with pytest.raises(TokenRefused, match="claims"):
        require_no_secrets({"many": [0] * MAX_CLAIMS})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "roomId",
        "peerId",
        "publish",
        "subscribe",
        "data",
        "admin",
        "mayRecord",
        "record",
        "sources",
        "codecs",
        "limits",
        "video",
        "sub",
        "userId",
        "email",
        "exp",
        "jti",
        "once",
        "hls",
        "roomSpread",
    ]
)
VIDEO_NAMES = st.sampled_from(
    [
        "room",
        "roomJoin",
        "canPublish",
        "canSubscribe",
        "canPublishData",
        "canPublishSources",
        "roomAdmin",
        "roomRecord",
        "hidden",
    ]
)
CLAIMS = st.dictionaries(
    NAMES,
    JSON | st.dictionaries(VIDEO_NAMES, JSON | st.just(True)),
)


@given(CLAIMS)
def test_any_claims_have_a_meaning_or_a_reason(claims: dict[str, Any]) -> None:
    try:
        meaning = read_claims(claims)
        require_no_secrets(claims)
    except TokenRefused:
        return  # the other tests say in which words
    grants = meaning.grants
    for name, granted in (
        ("publish", grants.publish),
        ("subscribe", grants.subscribe),
        ("data", grants.publish_data),
    ):
        assert name not in claims or claims[name] is granted or not meaning.joins
    if "sources" in claims:
        assert grants.sources == frozenset(claims["sources"])
    if "video" in claims and meaning.joins:
        assert (meaning.room_id, meaning.peer_id) == (claims["video"]["room"], claims["sub"])
    assert grants.admin in (claims.get("admin", False), (claims.get("video") or {}).get("roomAdmin"))
