"""Gate: judges tokens, check by check, by rules that may change and by what was noted since the start.

`admit` stops at the first check that fails; `inspect` runs them all, and says what each one found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mediad.tokens.claim_reader import Reader
from mediad.tokens.claims import Meaning, expiry, read_claims, require_no_secrets
from mediad.tokens.keys import NO_KEYS, Key, KeySet, Signed, read_token
from mediad.tokens.refusal import Cause, TokenRefused, shown
from mediad.tokens.revocations import Revocations
from mediad.tokens.spent import Spent

LEEWAY_S = 30.0
"""The difference allowed between the clocks of those who write tokens and this one, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The rules of tokens. Without keys no token is needed."""

    keys: KeySet = NO_KEYS
    fetches: bool = False
    """True when keys are fetched, so that tokens are needed even while there is no key yet."""
    require_exp: bool = True
    """True when a token must say when it expires."""
    audiences: tuple[str, ...] = ()
    """The audiences (`aud`) that this server is; () is any."""
    issuers: tuple[str, ...] = ()
    """The issuers (`iss`) whose tokens count; () is any."""


OPEN = TokenRules()
"""The rules by which everyone comes in."""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check of a token."""

    name: str
    ok: bool
    text: str


@dataclass(slots=True)
class Case:
    """One token being judged for a room and a peer."""

    token: str = field(repr=False)
    room_id: str | None
    peer_id: str | None
    now_s: float
    signed: Signed | None = None
    key: Key | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    meaning: Meaning | None = None


class Gate:
    """The place where tokens are judged."""

    def __init__(self, rules: TokenRules | None = None) -> None:
        self.rules = rules or OPEN
        self.revocations = Revocations()
        self.spent = Spent()
        self.refused: Counter[Cause] = Counter()
        """The tokens that were refused since the start, by cause."""

    @property
    def needs_tokens(self) -> bool:
        """True when there are keys, or will be: then nobody comes in without a token."""
        return bool(self.rules.keys) or self.rules.fetches

    def admit(
        self, token: str | None, room_id: str | None, peer_id: str | None, now_s: float
    ) -> tuple[Mapping[str, Any], Meaning]:
        """Return claims and meaning of a token for this room and peer; None is one not known yet.

        Raises TokenRefused. A token for one use is used up by this.
        """
        try:
            return self._judge(token, room_id, peer_id, now_s)
        except TokenRefused as refused:
            self.refused[refused.cause] += 1
            raise

    def _judge(
        self, token: str | None, room_id: str | None, peer_id: str | None, now_s: float
    ) -> tuple[Mapping[str, Any], Meaning]:
        if not token:
            raise TokenRefused(Cause.MISSING, "a token is required")
        case = Case(token, room_id, peer_id, now_s)
        for _, run in CHECKS:
            run(self, case)
        assert case.meaning is not None
        if case.meaning.once:
            end = case.meaning.grants.expires_at_s
            assert end is not None
            issuer, jti = _once_names(case.claims)
            self.spent.spend(issuer, jti, case.meaning.room_id or "", end + LEEWAY_S, now_s)
        return case.claims, case.meaning

    def inspect(self, token: str, room_id: str | None, peer_id: str | None, now_s: float) -> list[Check]:
        """Return what each check finds, and use nothing up. A token that cannot be read has one check."""
        case = Case(token, room_id, peer_id, now_s)
        found: list[Check] = []
        for name, run in CHECKS:
            try:
                found.append(Check(name, True, run(self, case)))
            except TokenRefused as refused:
                found.append(Check(name, False, str(refused)))
                if case.signed is None:
                    break
                case.claims = case.claims or _unverified(case.signed)
        return found


def _form(gate: Gate, case: Case) -> str:
    case.signed = read_token(case.token)
    named = f", kid {shown(case.signed.kid)}" if case.signed.kid is not None else ""
    return f"a JWT that says {shown(case.signed.algorithm)}{named}"


def _signature(gate: Gate, case: Case) -> str:
    assert case.signed is not None
    case.key = gate.rules.keys.verify(case.signed)
    case.claims = _decode(case.signed.payload)
    return f"{case.key.algorithm} by {case.key.name}"


def _exp(gate: Gate, case: Case) -> str:
    end_s = expiry(Reader(case.claims, ""))
    if end_s is None:
        if gate.rules.require_exp:
            raise TokenRefused(Cause.NO_EXPIRY, "the token has no exp claim (token_require_exp)")
        return "never expires"
    if end_s + LEEWAY_S <= case.now_s:
        raise TokenRefused(Cause.EXPIRED, "the token is expired")
    return f"expires in {end_s - case.now_s:.0f} s"


def _nbf(gate: Gate, case: Case) -> str:
    begin_s = Reader(case.claims, "").time("nbf")
    if begin_s is not None and begin_s - LEEWAY_S > case.now_s:
        raise TokenRefused(Cause.NOT_YET, "the token is not valid yet")
    return "valid from its making on" if begin_s is None else f"valid for {case.now_s - begin_s:.0f} s"


def _aud(gate: Gate, case: Case) -> str:
    if not gate.rules.audiences:
        return "not checked (token_audience)"
    told = case.claims.get("aud")
    named = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    if not any(isinstance(one, str) and one in gate.rules.audiences for one in named):
        raise TokenRefused(Cause.AUDIENCE, "the token is for another audience (token_audience)")
    return "as in token_audience"


def _iss(gate: Gate, case: Case) -> str:
    if not gate.rules.issuers:
        return "not checked (token_issuer)"
    issuer = case.claims.get("iss")
    if not isinstance(issuer, str) or issuer not in gate.rules.issuers:
        raise TokenRefused(Cause.ISSUER, "the token is from another issuer (token_issuer)")
    return "as in token_issuer"


def _revoked(gate: Gate, case: Case) -> str:
    gate.revocations.require_valid(case.token, case.claims, case.now_s)
    return "not revoked"


def _secrets(gate: Gate, case: Case) -> str:
    require_no_secrets(case.claims)
    return "none inside"


def _grants(gate: Gate, case: Case) -> str:
    case.meaning = read_claims(case.claims)
    return grants_text(case.meaning)


def _once(gate: Gate, case: Case) -> str:
    if case.meaning is None or not case.meaning.once:
        return "for any number of uses"
    if gate.spent.is_spent(*_once_names(case.claims), case.now_s):
        raise TokenRefused(Cause.USED, "the token is for one use, and was used")
    return "for one use, not used yet"


def _room(gate: Gate, case: Case) -> str:
    if case.meaning is None:
        return "not known"
    room_id = case.meaning.room_id
    if case.room_id is not None and room_id not in (None, case.room_id):
        raise TokenRefused(Cause.ROOM, "the token is for another roomId")
    return "any" if room_id is None else shown(room_id)


def _peer(gate: Gate, case: Case) -> str:
    if case.meaning is None:
        return "not known"
    peer_id = case.meaning.peer_id
    if case.peer_id is not None:
        if peer_id not in (None, case.peer_id):
            raise TokenRefused(Cause.PEER, "the token is for another peerId")
        if not case.meaning.joins:
            raise TokenRefused(Cause.CLAIM, "the token's video.roomJoin claim is not true: it joins no room")
    return "any" if peer_id is None else shown(peer_id)


CHECKS: tuple[tuple[str, Callable[[Gate, Case], str]], ...] = (
    ("form", _form),
    ("signature", _signature),
    ("exp", _exp),
    ("nbf", _nbf),
    ("aud", _aud),
    ("iss", _iss),
    ("revoked", _revoked),
    ("secrets", _secrets),
    ("grants", _grants),
    ("room", _room),
    ("peer", _peer),
    ("once", _once),
)
"""The checks in their order; each returns what it found, or raises TokenRefused."""


def grants_text(meaning: Meaning) -> str:
    """Return what a token allows, in a line for people."""
    grants = meaning.grants
    may = {
        "publish": grants.publish,
        "subscribe": grants.subscribe,
        "data": grants.publish_data,
        "admin": grants.admin,
        "record": grants.record,
    }
    parts = [", ".join(name for name, allowed in may.items() if allowed) or "nothing"]
    for name, some in (("sources", grants.sources), ("codecs", grants.codecs)):
        if some is not None:
            parts.append(f"{name} {', '.join(shown(one) for one in sorted(some)) or 'none'}")
    limits = (
        ("bit/s", grants.max_bitrate_bps),
        ("producers", grants.max_producers),
        ("consumers", grants.max_consumers),
    )
    parts += [f"at most {most} {name}" for name, most in limits if most is not None]
    return "; ".join(parts)


def _once_names(claims: Mapping[str, Any]) -> tuple[str, str]:
    return str(claims.get("iss", "")), str(claims["jti"])


def _decode(payload: bytes) -> dict[str, Any]:
    try:
        claims = msgspec.json.decode(payload, type=dict[str, Any])
    except (ValueError, RecursionError):  # of msgspec, or of text that is not UTF-8
        raise TokenRefused(Cause.MALFORMED, "the token is malformed: its claims are no JSON object") from None
    return claims


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token whoever has signed it; none of a text that is no token."""
    try:
        return _unverified(read_token(token))
    except TokenRefused:
        return {}


def _unverified(signed: Signed) -> dict[str, Any]:
    try:
        return _decode(signed.payload)
    except TokenRefused:
        return {}
