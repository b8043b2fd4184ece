"""Admission: tokens and web origins. The rules may change; connections that are open stay."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mediad.budgets.budgets import Budgets
from mediad.budgets.holders import holders_at
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.options import RoomOptions
from mediad.tokens.claims import Meaning
from mediad.tokens.gate import OPEN, Gate, TokenRules, unverified_claims
from mediad.tokens.refusal import TokenRefused

NO_OPTIONS = RoomOptions()


class NotAdmitted(Exception):
    """A refusal, with the HTTP status of its reason, and the headers of an answer.

    The status is 401 for a token, 403 for an origin, 421 for a name, 429 after too many refused tokens.
    """

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of who may connect."""

    tokens: TokenRules = OPEN
    """The keys of tokens, and what else is asked of them. Without keys no token is needed."""
    origins: tuple[str, ...] | None = None
    """The origins whose pages may connect; None is every origin, and so is "*"."""
    names: frozenset[str] = frozenset()
    """The names of this server, beside those of the loopback and the address a client reached it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A client that was let in: with the rights of a token, or with all where none is needed."""

    grants: Grants = ALL
    room_options: RoomOptions = NO_OPTIONS
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The claims of the token; where none is needed, a client's own word."""
    meaning: Meaning | None = None
    """The meaning of the token; None where none is needed."""

    def require_join(self, room_id: str) -> None:
        """Raise NotAdmitted for a token that is for another room, or not for joining any."""
        if self.meaning is None:
            return
        if self.meaning.room_id not in (None, room_id):
            raise NotAdmitted(401, "the token is for another roomId")
        if not self.meaning.joins:
            raise NotAdmitted(401, "the token's video.roomJoin claim is not true: it joins no room")


async def _ready(token: str | None) -> None:
    """Wait for nothing: all keys are here."""


class Access:
    """The rules in force. `gate` judges tokens by them."""

    def __init__(
        self,
        rules: AccessRules | None = None,
        ready_for: Callable[[str | None], Awaitable[None]] = _ready,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        """Begin with these rules.

        `ready_for` is awaited before a token is judged, for keys that are being fetched; it never takes long,
        and never raises. `wall_s` returns Unix time in seconds.
        """
        self.ready_for = ready_for
        self.gate = Gate()
        self.rules = rules or AccessRules()
        self._wall_s = wall_s
        self.budgets = Budgets()
        """The rates of refused tokens, by address; the daemon puts its own here."""

    @property
    def rules(self) -> AccessRules:
        """The rules in force."""
        return self._rules

    @rules.setter
    def rules(self, rules: AccessRules) -> None:
        self._rules = rules
        self.gate.rules = rules.tokens

    @property
    def needs_tokens(self) -> bool:
        """True when nobody comes in without a token."""
        return self.gate.needs_tokens

    def require_origin(self, origin: str | None, host: str | None, reached: str | None = None) -> None:
        """Raise NotAdmitted for a page of a foreign origin.

        `host` is the client's name for this server, in the Host header, and `reached` the address of ours
        that it came to. Browsers always send their page's origin; programs send none, and are admitted. So is
        our own page, which is one loaded from a name of ours: any name can be made to lead here for a moment.
        """
        origins = self.rules.origins
        if origin is None or origins is None or {"*", origin.lower()} & {*origins}:
            return
        own = host is not None and self._is_own(host, reached)
        if not own or origin.lower().partition("://")[2] != (host or "").lower():
            raise NotAdmitted(403, f"pages from {origin[:100]} may not connect (cors_origins)")

    def require_host(self, host: str | None, reached: str | None = None) -> None:
        """Raise NotAdmitted when pages are judged by origin and this request names us by a foreign name.

        It may be of a page that made its own name lead here, which browsers take for a page of ours.
        """
        origins = self.rules.origins
        if host is None or origins is None or "*" in origins or self._is_own(host, reached):
            return
        name = _name(host)
        if name not in {_name(origin.partition("://")[2]) for origin in origins}:
            raise NotAdmitted(
                421, f"this server is not called {name[:100]} (host, announced_ip, cors_origins)"
            )

    def _is_own(self, host: str, reached: str | None) -> bool:
        name = _name(host)
        if name in self.rules.names or name in ("localhost", (reached or "").lower()):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def require_token(
        self, token: str | None, room_id: str | None, peer_id: str | None, address: str | None = None
    ) -> Admitted:
        """Return the rights that a token gives; all where no token is needed, whatever a client brings.

        Without a `peer_id`, a token of any peer will do, and without a `room_id` one for any room. Raises
        NotAdmitted without a valid one, and without a look at it when too many from this `address` were
        refused lately. A token for one use is used up by this.
        """
        if not self.needs_tokens:
            return Admitted()
        holders, now_s = holders_at(address), time.monotonic()
        if token and (refusal := self.budgets.check("refused_tokens", holders, now_s)) is not None:
            raise NotAdmitted(429, str(refusal), refusal.headers)
        try:
            claims, meaning = self.gate.admit(token, room_id, peer_id, self._wall_s())
        except TokenRefused as refused:
            if token:
                self.budgets.owe("refused_tokens", holders, now_s)
            raise NotAdmitted(401, str(refused)) from None
        return Admitted(
            grants=meaning.grants, room_options=meaning.room_options, claims=claims, meaning=meaning
        )

    def identify(self, token: str | None, address: str | None = None) -> Admitted:
        """Return the rights of whoever brings this token, before it is known to which room they go.

        Where no token is needed, the claims are the client's own word, and none for a token that cannot be
        read. Raises NotAdmitted.
        """
        if self.needs_tokens:
            return self.require_token(token, None, None, address)
        return Admitted(claims=unverified_claims(token or ""))


def _name(host: str) -> str:
    """A Host header or an origin's authority without the port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
