"""Guard: who may come in, by the settings in force, the keys there are, and what operators have revoked."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mediad.config.listen import is_unspecified
from mediad.config.live import Commit
from mediad.config.load import OPEN_MEANS, is_guarded
from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.signaling.access import Access, AccessRules
from mediad.supervisor.front.revocation_file import RevocationFile
from mediad.supervisor.front.token_keys import TokenKeys


class Guard:
    """Holds `access`, which judges clients, to the settings. The constructor raises ConfigError."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.keys = TokenKeys(settings)
        self.access = Access(ready_for=self.keys.ready_for)
        self.hosts: Sequence[str] = ()
        """The addresses of listening sockets that another process has opened."""
        self._settings = settings
        self._file = RevocationFile(environ)
        self._file.load(self.access.gate.revocations, time.time())
        self.keys.on_change = self._judge_anew
        self._judge_anew()

    def require_guarded(self, settings: Settings) -> None:
        """Raise ConfigError when `hosts` let everyone in, and nobody has said that it is meant."""
        for host in self.hosts:
            if not is_guarded(host, settings):
                raise ConfigError(f"mediad.socket: got {host!r} (ListenStream), expected {OPEN_MEANS}")

    async def prepare(self, settings: Settings) -> Commit:
        """Read the keys of `settings`. Raises ConfigError; then the keys stay as they were."""
        self.require_guarded(settings)
        return await self.keys.prepare(settings)

    def apply(self, settings: Settings) -> None:
        """Judge newcomers by new settings."""
        self._settings = settings
        self._judge_anew()

    def secrets(self) -> tuple[str, ...]:
        """Return the secrets that tokens may be signed with."""
        return self._settings.jwt_secrets or ()

    def save(self) -> str:
        """Keep what is revoked, and return what is to be said about how long it lasts; empty: for good."""
        return self._file.save(self.access.gate.revocations, time.time())

    def state(self) -> dict[str, Any]:
        """Return what operators are shown of tokens: whether they are needed, the keys, what was refused."""
        gate = self.access.gate
        return {
            "needed": gate.needs_tokens,
            "open": not gate.needs_tokens and self._settings.open,
            "keys": [
                {"name": key.name, "algorithm": key.algorithm, "kid": key.kid} for key in gate.rules.keys.keys
            ],
            "jwks": None if self.keys.fetcher is None else self.keys.fetcher.state(),
            "revoked": len(gate.revocations),
            "spent": len(gate.spent),
            "refused": {cause.value: count for cause, count in gate.refused.items()},
        }

    def _judge_anew(self) -> None:
        origins, names = self._settings.cors_origins, own_names(self._settings)
        self.access.rules = AccessRules(self.keys.rules(), origins, names)


def own_names(settings: Settings) -> frozenset[str]:
    """Return the names by which clients may call this server."""
    names = {settings.host, *settings.listen_ip, *settings.candidate_ips, socket.gethostname()}
    names |= {text.rpartition("=")[2] for text in settings.announced_ip or ()}
    return frozenset(name.lower() for name in names if not is_unspecified(name))
