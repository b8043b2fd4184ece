"""Who may connect: tokens and web origins. The rules may change while connections go on; those stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

LEEWAY_S = 30
"""How far the clocks of who writes tokens and who reads them may be apart."""

_UNUSED_CLAIMS = ("sub", "jti", "iat", "aud", "iss")
"""Claims mediad makes nothing of: whatever they hold, they neither admit nor refuse."""

_OPTIONS: Any = {f"verify_{claim}": False for claim in _UNUSED_CLAIMS}


class NotAdmitted(Exception):
    """With the HTTP status that says why: 401 for a token, 403 for an origin."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class AccessRules:
    secrets: tuple[str, ...] = ()
    """HS256 keys, any of which a token may be signed with; without any, nobody needs a token."""
    origins: tuple[str, ...] | None = None
    """Whose pages may connect; None is everybody's, and so is "*"."""


class Access:
    """The rules in force."""

    def __init__(self, rules: AccessRules | None = None) -> None:
        self.rules = rules or AccessRules()

    def require_origin(self, origin: str | None, host: str | None) -> None:
        """Raises NotAdmitted. `host` is what the client calls this server, in the Host header.

        Browsers always send their page's origin; programs send none, and may come. So may our own page.
        """
        origins = self.rules.origins
        if origin is None or origins is None or {"*", origin.lower()} & {*origins}:
            return
        if host is None or origin.lower().partition("://")[2] != host.lower():
            raise NotAdmitted(403, f"pages from {origin[:100]} may not connect")

    def require_token(self, token: str | None, room_id: str, peer_id: str) -> None:
        """Raises NotAdmitted. A token may name the room and the peer it is for (claims `roomId`, `peerId`);
        `exp` and `nbf` count when they are there."""
        if self.rules.secrets:
            claims = self._claims(token)
            for name, value in (("roomId", room_id), ("peerId", peer_id)):
                if claims.get(name, value) != value:
                    raise NotAdmitted(401, f"the token is for another {name}")

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


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750 §2.1)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
