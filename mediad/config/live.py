"""The settings in force, and how they change while the daemon runs: all that is new, or nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from mediad.config.announced import cautions
from mediad.config.load import Loaded, settled
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError

Prepare = Callable[[Settings], Awaitable["Commit | None"]]
Commit = Callable[[], str | None]
"""Makes prepared settings count; it cannot fail. The words say what changed beside the keys' values."""
Apply = Callable[[Settings], Awaitable[None]]

BY_HAND = "mediactl"
"""Origin of what an operator changed in passing; it holds until the next reload."""

logger = logging.getLogger(__name__)


class LiveSettings:
    """Holds them, reads them again from where they came, and tells those who work by them."""

    def __init__(self, loaded: Loaded) -> None:
        self.settings = loaded.settings
        self.origins = loaded.origins
        self.waiting: dict[str, Any] = {}
        """What is configured by now but needs a restart: key → value."""
        self.trouble = ""
        """Why the last reload was refused; empty when it was not."""
        self._sources = loaded.sources
        self._prepares: list[Prepare] = []
        self._applies: list[Apply] = []
        self._changing = asyncio.Lock()

    def prepare_with(self, prepare: Prepare) -> None:
        """Ask this first, for what may prove wrong only when it is used: it raises ConfigError."""
        self._prepares.append(prepare)

    def apply_with(self, apply: Apply) -> None:
        """Tell this of new settings once they hold. It does not raise."""
        self._applies.append(apply)

    async def reload(self) -> dict[str, Any]:
        """Read the sources again and apply what can change now.

        Returns what changed, what waits for a restart, and notes. Raises ConfigError when anything at all is
        wrong; then everything is as it was.
        """
        async with self._changing:
            try:
                report = await self._reload()
                self.trouble = ""
                return report
            except ConfigError as error:
                self.trouble = str(error)
                for line in str(error).splitlines():
                    logger.error("not reloaded: %s", line)
                raise

    async def _reload(self) -> dict[str, Any]:
        present = self.settings.announced_address
        loaded = await asyncio.to_thread(self._sources.load, present)
        live = {key: getattr(loaded.settings, key) for key in KEYS if self._is_live(key, loaded.settings)}
        origins = {**self.origins, **{key: loaded.origins[key] for key in live}}
        settings = await asyncio.to_thread(settled, replace(self.settings, **live), origins, present)
        waiting = {
            key: getattr(loaded.settings, key)
            for key in KEYS
            if key not in live and getattr(loaded.settings, key) != getattr(self.settings, key)
        }
        moved = _moved(self.settings, settings)
        changed, notes = await self._change(settings)
        notes += moved
        self.origins, self.waiting = origins, waiting
        for caution in cautions(settings):
            logger.warning("%s", caution)
        for key, value in waiting.items():
            logger.warning("%s: %r waits for a restart", key, KEYS[key].shown(value))
        logger.info("settings reloaded: %s", ", ".join([*changed, *notes]) or "nothing changed")
        return {
            "changed": [{"key": key, **change} for key, change in changed.items()],
            "waiting": [
                {"key": key, **_step(key, getattr(self.settings, key), waiting[key])} for key in waiting
            ],
            "notes": notes,
        }

    async def set(self, key: str, value: object) -> None:
        """Change one live setting by hand, not announced_ip. Raises ConfigError for a wrong value."""
        kind = KEYS[key].kind
        try:
            checked = kind.check(value)
        except ValueError:
            raise ConfigError(f"{key}: got {KEYS[key].shown(value)!r}, expected {kind.expected}") from None
        async with self._changing:
            await self._change(replace(self.settings, **{key: checked}))
            self.origins = {**self.origins, key: BY_HAND}

    async def problems(self) -> list[str]:
        """What the next start would refuse, or a reload; [] when all is well where the settings come from."""
        try:
            await asyncio.to_thread(self._sources.load)
        except ConfigError as error:
            return str(error).splitlines()
        return []

    def shown(self) -> list[dict[str, Any]]:
        """Every key with its value and origin, whether it is live, and what waits for a restart."""
        return [
            {
                "key": key,
                "value": KEYS[key].shown(getattr(self.settings, key)),
                "origin": self.origins[key],
                "live": KEYS[key].live,
                **({"waiting": KEYS[key].shown(self.waiting[key])} if key in self.waiting else {}),
            }
            for key in KEYS
        ]

    def _is_live(self, key: str, new: Settings) -> bool:
        """The front cannot begin or cease to speak TLS on a socket that is open."""
        if key in ("tls_certificate", "tls_private_key"):
            return (new.tls_certificate is None) == (self.settings.tls_certificate is None)
        return KEYS[key].live

    async def _change(self, settings: Settings) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Everybody agrees, then all of it counts at once, then everybody is told."""
        commits = [commit for prepare in self._prepares if (commit := await prepare(settings)) is not None]
        changed = {
            key: _step(key, getattr(self.settings, key), getattr(settings, key))
            for key in KEYS
            if getattr(settings, key) != getattr(self.settings, key)
        }
        notes = [note for commit in commits if (note := commit()) is not None]
        self.settings = settings
        for apply in self._applies:
            await apply(settings)
        return changed, notes


def _moved(before: Settings, after: Settings) -> list[str]:
    """A name that is announced as before, and stands for another address now."""
    name, address = after.announced_ip, after.announced_address
    if before.announced_ip != name or before.announced_address in (None, address):
        return []
    return [f"announced_ip: {name} is {address} now, no longer {before.announced_address}"]


def _step(key: str, before: object, after: object) -> dict[str, Any]:
    """A change as it may be shown."""
    return {"before": KEYS[key].shown(before), "after": KEYS[key].shown(after)}
