"""Admission: tokens and web origins. The rules may change; connections that are open stay."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

LEEWAY_S = 30
"""The difference allowed between the clocks of those who write tokens and this one, in seconds."""

_UNUSED_CLAIMS = ("sub", "jti", "iat", "aud", "iss")
"""Claims that mediad ignores: whatever they hold, they neither admit nor refuse."""

_OPTIONS: Any = {f"verify_{claim}": False for claim in _UNUSED_CLAIMS}


class NotAdmitted(Exception):
    """A refusal, with the HTTP status of its reason: 401 for a token, 403 for an origin, 421 for a name."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class AccessRules:
    secrets: tuple[str, ...] = ()
    """HS256 keys; a token may be signed with any of them. Without keys no token is needed."""
    origins: tuple[str, ...] | None = None
    """The origins whose pages may connect; None is every origin, and so is "*"."""
    names: frozenset[str] = frozenset()
    """The names of this server, beside those of the loopback and the address a client reached it by."""


class Access:
    """The rules in force."""

    def __init__(self, rules: AccessRules | None = None) -> None:
        self.rules = rules or AccessRules()

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

    def require_token(self, token: str | None, room_id: str, peer_id: str | None) -> dict[str, Any]:
        """Return the claims of a valid token; none where no token is needed, whatever a client says.

        Without a `peer_id`, a token of any peer will do. It may name the room and the peer it is for (claims
        `roomId`, `peerId`); `exp` and `nbf` count when they are there. Raises NotAdmitted without one.
        """
        if not self.rules.secrets:
            return {}
        claims = self._claims(token)
        for name, value in (("roomId", room_id), ("peerId", peer_id)):
            if value is not None and claims.get(name, value) != value:
                raise NotAdmitted(401, f"the token is for another {name}")
        return claims

    def require_permission(self, claims: Mapping[str, Any], claim: str) -> None:
        """Raise NotAdmitted where tokens are needed and this one does not have `claim` as true."""
        if self.rules.secrets and claims.get(claim) is not True:
            raise NotAdmitted(403, f'the token has no claim "{claim}": true')

    def claims(self, token: str | None) -> dict[str, Any]:
        """Return the claims of a token. Raises NotAdmitted without a valid one.

        Where no token is needed, they are the client's own word, and none for a token that cannot be read.
        """
        if self.rules.secrets:
            return self._claims(token)
        try:
            return jwt.decode(token or "", options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return {}

    def _claims(self, token: str | None) -> dict[str, Any]:
        if not token:
            raise NotAdmitted(401, "a token is required")
        reason = ""
        for secret in self.rules.secrets:
            try:
                return jwt.decode(token, secret, algorithms=["HS256"], leeway=LEEWAY_S, options=_OPTIONS)
            except jwt.InvalidSignatureError:
                reason = "signed with another key"
            except jwt.ExpiredSignatureError:
                reason = "expired"
            except jwt.ImmatureSignatureError:
                reason = "not valid yet"
            except jwt.InvalidAlgorithmError:
                reason = "not signed with HS256"
            except jwt.InvalidTokenError:
                reason = "malformed"
            if reason != "signed with another key":
                break
        raise NotAdmitted(401, f"the token is {reason}")


def _name(host: str) -> str:
    """A Host header or an origin's authority without the port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
