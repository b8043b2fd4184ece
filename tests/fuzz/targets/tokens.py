"""Tokens: texts that nobody signed, claims that somebody with a key did sign, and the files of public keys.

An input that begins with a brace is claims, which are signed here, one that begins with a dash is a file of a
key; every other one is a token as it came.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mediad.errors import InvalidInput
from mediad.tokens.gate import Gate, TokenRules, grants_text
from mediad.tokens.keys import Key, KeySet, pem_key, secret_keys
from mediad.tokens.refusal import TokenRefused
from tests.fuzz.target import Take, Target
from tests.support.signing import OTHER, SECRET, private_key

TOKENS = jwt.PyJWS()
NOW_S = 1_000_000.0
GOOD: dict[str, Any] = {"exp": NOW_S + 60}
CLAIMS: list[dict[str, Any]] = [
    {},
    {"nbf": NOW_S - 5, "iat": 0, "aud": ["a", 7], "iss": "i", "jti": "j", "once": True},
    {"roomId": "r", "peerId": "ana", "publish": True, "subscribe": False, "data": True, "admin": False},
    {
        "sources": ["camera"],
        "codecs": ["video/VP8"],
        "limits": {"bitrate": 1, "producers": 0},
    },
    {"sub": "ana", "video": {"room": "r", "roomJoin": True, "canPublish": True, "roomAdmin": False}},
    {
        "sub": "ana",
        "video": {"roomJoin": True, "canPublishSources": ["camera"], "roomRecord": True},
    },
    {"userId": 7, "email": "a@b", "name": "Ana"},
    {"record": "mp4", "hls": True, "roomSpread": "auto", "mayRecord": True},
    {"s3": {"secretKey": "x"}, "list": [{"password": 1}]},
    {"exp": None},
    *({"exp": end} for end in ("soon", True, 1e400, 2**60, NOW_S - 60)),
    *({"nbf": NOW_S + 60, "iss": "x", "aud": "x"}, {"roomId": "other"}, {"peerId": "ben"}, {"peerId": ""}),
    *({"admin": 1}, {"roomId": "r" * 200}, {"sources": "camera"}, {"sources": [""]}, {"codecs": ["VP8"]}),
    *({"limits": 7}, {"limits": {"bitrate": 0}}, {"limits": {"rooms": 1}}, {"video": []}, {"hls": 1}),
    *(
        {"record": "avi"},
        {"roomSpread": []},
        {"roomSpread": "2"},
        {"publish": True, "video": {"canPublish": False}},
    ),
    *({"userId": True, "email": ""}, {"userId": "u", "email": ""}, {"once": True}, {"once": True, "jti": ""}),
    *(
        {"sub": "ana", "video": {"roomJoin": False}},
        {"video": {"canPublishSources": ["x"]}},
        {"a": [[{}] * 600]},
    ),
]


def pem(key: Any) -> bytes:
    made: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


SEEDS = [json.dumps({**GOOD, **claims}).encode() for claims in CLAIMS]
SEEDS += [
    TOKENS.encode(b"{}", SECRET, "HS256", headers={"kid": "k", "crit": ["exp"]}).encode(),
    TOKENS.encode(b"{}", 2 * OTHER, "HS512").encode(),
    TOKENS.encode(b"{}", private_key("ec"), "ES256").encode(),
    TOKENS.encode(b"{}", "", "none").encode(),
    *(TOKENS.encode(b"{}", private_key("ed"), "EdDSA", {"kid": kid}).encode() for kid in ("ed", "other")),
    TOKENS.encode(b"{}", SECRET, "HS256", {"kid": "ed"}).encode(),
    *(pem(private_key(kind)) for kind in ("ec", "ed", "ec-384", "ed-448")),
    pem(private_key("ec")) * 2,
    b"-----BEGIN PRIVATE KEY-----\n",
    b"a.b.c",
    b"eyJhbGciOiJIUzI1NiJ9..",
]


def make() -> Take:
    named = Key("EdDSA", private_key("ed").public_key(), "ed", "ed")
    keys = KeySet((*secret_keys([SECRET]), named, pem_key(pem(private_key("ec")), "ec")))
    assert keys.algorithms == ["ES256", "EdDSA", "HS256"]
    gates = Gate(TokenRules(keys=keys)), Gate(TokenRules(keys=keys, audiences=("a",), issuers=("i",)))

    def take(data: bytes) -> None:
        if data.startswith(b"-"):
            with contextlib.suppress(InvalidInput):
                pem_key(data, "file")
            return
        signed = data.startswith(b"{")
        text = _signed(data) if signed else data.decode("latin-1")
        for gate in gates:
            gate.inspect(text, "r", "ana", NOW_S)
            try:
                claims, meaning = gate.admit(text, "r", "ana", NOW_S)
            except TokenRefused as refused:
                told = str(refused)
            else:
                assert signed or text in KNOWN, "a token came in that nobody signed"
                _check(claims, meaning.grants.admin, grants_text(meaning))
                continue
            assert 0 < len(told) < 1000
            assert SECRET not in told

    return take


KNOWN = {seed.decode() for seed in SEEDS}


def _signed(payload: bytes) -> str:
    return TOKENS.encode(payload, SECRET, "HS256")


def _check(claims: Any, admin: bool, text: str) -> None:
    """Hold that nobody becomes an administrator without the word for it."""
    video = claims.get("video")
    said = claims.get("admin") is True or (isinstance(video, dict) and video.get("roomAdmin") is True)
    assert said or not admin
    assert text


NAMES = ("gate", "keys", "claims", "claim_reader", "room_options")
TARGET = Target("tokens", SEEDS, make, tuple(f"tokens/{name}.py" for name in NAMES), shape="json")
