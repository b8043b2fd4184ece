"""Methods about tokens: write one, say what is wrong with one, take one back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import jwt
import msgspec

from mediad.errors import Forbidden, InvalidInput, MediadError, NotFound
from mediad.supervisor.admin.methods import Table, read
from mediad.tokens.claims import read_claims, require_no_secrets
from mediad.tokens.gate import LEEWAY_S, Gate
from mediad.tokens.keys import read_token
from mediad.tokens.refusal import TokenRefused, shown
from mediad.tokens.revocations import jti_name, token_name

logger = logging.getLogger(__name__)


class _Mint(msgspec.Struct, rename="camel"):
    claims: str
    """A JSON object."""


class _Verify(msgspec.Struct, rename="camel"):
    token: str
    room_id: str | None = None
    peer_id: str | None = None


class _Revoke(msgspec.Struct, rename="camel"):
    token: str
    """A token, or the `jti` of one."""
    until_s: float | None = None


class _Restore(msgspec.Struct, rename="camel"):
    name: str


class TokenMethods:
    """The methods, for the tokens that `gate` judges."""

    def __init__(
        self,
        gate: Gate,
        secrets: Callable[[], tuple[str, ...]],
        save: Callable[[], str],
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        `secrets` returns those that tokens may be signed with. `save` keeps what is revoked, and returns what
        is to be said about how long it lasts. `wall_s` returns the Unix time in seconds.
        """
        self._gate = gate
        self._secrets = secrets
        self._save = save
        self._wall_s = wall_s

    def table(self) -> Table:
        """Return the methods, by name."""
        return {
            "token.mint": self._mint,
            "token.verify": self._verify,
            "token.revoke": self._revoke,
            "token.restore": self._restore,
            "token.revoked": self._revoked,
        }

    async def _mint(self, data: dict[str, Any]) -> dict[str, Any]:
        try:
            claims = msgspec.json.decode(read(data, _Mint).claims, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidInput(f"claims: {error}") from None
        secrets = self._secrets()
        if not secrets:
            known = bool(self._gate.rules.keys)
            raise Forbidden(
                "only the owner of a private key can write a token here: there are public keys alone; give "
                "mediactl the private one (--key FILE)"
                if known or self._gate.needs_tokens
                else "no token is needed here, and there is no secret to sign one with (jwt_secrets)"
            )
        rules = self._gate.rules
        for name, values in (("aud", rules.audiences), ("iss", rules.issuers)):
            if values:
                claims.setdefault(name, values[0])
        require_no_secrets(claims)
        read_claims(claims)
        logger.info("an operator has made a token: jti %s", shown(claims.get("jti", "-")))
        return {"token": jwt.encode(claims, secrets[0], "HS256"), "claims": claims}

    async def _verify(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted = read(data, _Verify)
        checks = self._gate.inspect(wanted.token, wanted.room_id, wanted.peer_id, self._wall_s())
        return {
            "needed": self._gate.needs_tokens,
            "admits": all(check.ok for check in checks),
            "checks": [{"check": check.name, "ok": check.ok, "text": check.text} for check in checks],
        }

    async def _revoke(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted, now_s = read(data, _Revoke), self._wall_s()
        name, until_s = self._meant(wanted.token, now_s)
        until_s = until_s if wanted.until_s is None else wanted.until_s
        revoked = self._gate.revocations.revoke(name, until_s, now_s)
        note = self._save()
        logger.info("an operator has revoked a token: %s", shown(revoked.name))
        return {"name": revoked.name, "untilS": revoked.until_s, "note": note}

    async def _restore(self, data: dict[str, Any]) -> dict[str, Any]:
        name = read(data, _Restore).name
        names = [name, *([f"jti:{name}"] if not name.startswith(("jti:", "sha256:")) else [])]
        found = next((one for one in names if self._gate.revocations.restore(one)), None)
        if found is None:
            raise NotFound(f"no token is revoked by the name {name[:100]}: see mediactl token revoked")
        note = self._save()
        logger.info("an operator has taken back the revocation of a token: %s", shown(found))
        return {"name": found, "note": note}

    async def _revoked(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"revoked": msgspec.to_builtins(self._gate.revocations.list(self._wall_s()))}

    def _meant(self, text: str, now_s: float) -> tuple[str, float | None]:
        """Return the name to revoke, and the end of that, of a token or a `jti`. Raises MediadError."""
        if text.count(".") != 2:
            return jti_name(text), None
        try:
            read_token(text)
        except TokenRefused:
            return jti_name(text), None
        checks = {check.name: check for check in self._gate.inspect(text, None, None, now_s)}
        for wrong in (checks["signature"], checks["exp"]):
            if not wrong.ok:
                raise InvalidInput(f"there is nothing to revoke: {wrong.text}")
        claims = msgspec.json.decode(read_token(text).payload, type=dict[str, Any])
        end, jti = claims.get("exp"), claims.get("jti")
        try:
            name = jti_name(jti) if isinstance(jti, str) else token_name(text)
        except MediadError:
            name = token_name(text)
        return name, None if end is None else end + LEEWAY_S
