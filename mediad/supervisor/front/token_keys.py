"""TokenKeys: the keys of tokens that settings name, read from files and, in the background, from a URL.

A reload reads all of them again; one that cannot be used leaves the keys as they were.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from mediad.config.live import Commit
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError, InvalidInput
from mediad.supervisor.front.jwks_fetcher import JwksFetcher
from mediad.tokens.gate import TokenRules
from mediad.tokens.jwks import MAX_BYTES, read_jwks
from mediad.tokens.keys import Key, KeySet, Signed, pem_key, read_token, secret_keys
from mediad.tokens.refusal import TokenRefused

logger = logging.getLogger(__name__)


class TokenKeys:
    """The keys of tokens. The constructor raises ConfigError for files that cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.on_change: Callable[[], None] = lambda: None
        """Called when other keys came from the URL."""
        self._settings = settings
        self._configured = configured_keys(settings)
        self.fetcher = _fetcher(settings, self._changed)
        """The keys of a URL; None without one."""
        self._running = False

    def rules(self) -> TokenRules:
        """Return the rules of tokens now."""
        settings, fetched = self._settings, self.fetcher.cache.keys if self.fetcher else ()
        return TokenRules(
            keys=KeySet((*self._configured, *fetched)),
            fetches=self.fetcher is not None,
            require_exp=settings.token_require_exp,
            audiences=settings.token_audience or (),
            issuers=settings.token_issuer or (),
        )

    async def prepare(self, settings: Settings) -> Commit:
        """Read the files of `settings` again, and another URL than before. Raises ConfigError."""
        configured = await asyncio.to_thread(configured_keys, settings)
        fetcher = self.fetcher
        if settings.jwt_jwks != self._settings.jwt_jwks:
            fetcher = _fetcher(settings, self._changed)
            if fetcher is not None:
                await fetcher.fetch()
                if fetcher.cache.trouble:
                    raise _wrong("jwt_jwks", fetcher.url, fetcher.cache.trouble)

        def commit() -> str | None:
            renewed = _names(configured) != _names(self._configured)
            self._settings, self._configured = settings, configured
            if fetcher is not self.fetcher:
                self._exchange(fetcher)
            elif fetcher is not None:
                fetcher.refresh()
            return "the keys of tokens have changed" if renewed else None

        return commit

    async def ready_for(self, token: str | None) -> None:
        """Wait, not for long, for keys that are being fetched, when this token needs one of them."""
        if self.fetcher is None or not token:
            return
        try:
            signed = read_token(token)
        except TokenRefused:
            return
        if not self.fetcher.cache.knows(signed.kid) and not self._is_configured(signed):
            await self.fetcher.ready_for(signed.kid)

    def start(self) -> None:
        """Begin to fetch what is to be fetched."""
        self._running = True
        if self.fetcher is not None:
            self.fetcher.start()

    def stop(self) -> None:
        """End fetching."""
        self._running = False
        if self.fetcher is not None:
            self.fetcher.stop()

    def _is_configured(self, signed: Signed) -> bool:
        """True for a token whose name of a key (`kid`) is idle, because a key without a name signed it."""
        try:
            KeySet(self._configured).verify(signed)
        except TokenRefused:
            return False
        return True

    def _exchange(self, fetcher: JwksFetcher | None) -> None:
        if self.fetcher is not None:
            self.fetcher.stop()
        self.fetcher = fetcher
        if fetcher is not None and self._running:
            fetcher.start()

    def _changed(self) -> None:
        self.on_change()


def _fetcher(settings: Settings, changed: Callable[[], None]) -> JwksFetcher | None:
    source = settings.jwt_jwks
    return None if source is None or source.startswith("/") else JwksFetcher(source, changed)


def configured_keys(settings: Settings) -> tuple[Key, ...]:
    """Return all keys but those of a URL. Raises ConfigError, naming the setting and the file."""
    keys: list[Key] = []
    try:
        keys += secret_keys(settings.jwt_secrets or ())
    except InvalidInput as error:
        raise ConfigError(f"jwt_secrets: expected {error}") from None
    for path in settings.jwt_public_keys or ():
        try:
            keys.append(pem_key(_read("jwt_public_keys", path), f"jwt_public_keys {path}"))
        except InvalidInput as error:
            raise _wrong("jwt_public_keys", path, f"expected {error}") from None
    source = settings.jwt_jwks
    if source is not None and source.startswith("/"):
        try:
            found = read_jwks(_read("jwt_jwks", source), "jwt_jwks")
        except InvalidInput as error:
            raise _wrong("jwt_jwks", source, f"expected {error}") from None
        if found.left_out:
            raise _wrong("jwt_jwks", source, "; ".join(found.left_out))
        keys += found.keys
    return tuple(keys)


def _read(setting: str, path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _wrong(setting, path, f"expected a file mediad may read: {error.strerror}") from None


def _wrong(setting: str, value: str, reason: str) -> ConfigError:
    return ConfigError(f"{setting}: got {KEYS[setting].shown(value)!r}, {reason}")


def _names(keys: tuple[Key, ...]) -> list[tuple[str, str | None, object]]:
    return [(key.name, key.kid, key.material) for key in keys]
