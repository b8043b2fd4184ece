"""The settings in force, and their change while the daemon runs: all new values together, or none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from mediad.config.announced import cautions
from mediad.config.listen import is_address
from mediad.config.load import Loaded, settled
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError

Prepare = Callable[[Settings], Awaitable["Commit | None"]]
Commit = Callable[[], str | None]
"""Puts prepared settings into force; it cannot fail. Returns words for a change beside the keys' values."""
Apply = Callable[[Settings], Awaitable[None]]

BY_HAND = "mediactl"
"""The origin of a value that an operator changed with mediactl; it holds until the next reload."""

logger = logging.getLogger(__name__)


class LiveSettings:
    """Holds the settings, reads them again from their sources, and tells those who work by them."""

    def __init__(self, loaded: Loaded) -> None:
        self.settings = loaded.settings
        self.origins = loaded.origins
        self.waiting: dict[str, Any] = {}
        """Keys that are configured and need a restart, with the values that wait."""
        self.trouble = ""
        """The reason why the last reload was refused; empty when it was not."""
        self._sources = loaded.sources
        self._prepares: list[Prepare] = []
        self._applies: list[Apply] = []
        self._changing = asyncio.Lock()

    def prepare_with(self, prepare: Prepare) -> None:
        """Call `prepare` before a change, for faults that show only in use: it raises ConfigError."""
        self._prepares.append(prepare)

    def apply_with(self, apply: Apply) -> None:
        """Call `apply` with new settings once they are in force. It does not raise."""
        self._applies.append(apply)

    async def reload(self) -> dict[str, Any]:
        """Read the sources again and apply what can change now.

        Returns the changes, what waits for a restart, and notes. Raises ConfigError when anything is wrong;
        then nothing has changed.
        """
        async with self._changing:
            try:
                report = await self._reload()
                self.trouble = ""
                return report
            except ConfigError as error:
                self.trouble = str(error)
                for line in str(error).splitlines():
                    logger.error("not reloaded: %s; the settings stay as they were", line)
                raise

    async def _reload(self) -> dict[str, Any]:
        present = self.settings.candidate_ips
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
            logger.warning("%s: %r waits for a restart of mediad", key, KEYS[key].shown(value))
        logger.info("settings reloaded: %s", ", ".join([*changed, *notes]) or "nothing changed")
        return {
            "changed": [{"key": key, **change} for key, change in changed.items()],
            "waiting": [
                {"key": key, **_step(key, getattr(self.settings, key), waiting[key])} for key in waiting
            ],
            "notes": notes,
        }

    async def set(self, key: str, value: object) -> None:
        """Change one live setting, except announced_ip, until the next reload.

        Raises ConfigError for a wrong value.
        """
        kind = KEYS[key].kind
        try:
            checked = kind.check(value)
        except ValueError:
            raise ConfigError(f"{key}: got {KEYS[key].shown(value)!r}, expected {kind.expected}") from None
        async with self._changing:
            await self._change(replace(self.settings, **{key: checked}))
            self.origins = {**self.origins, key: BY_HAND}

    async def problems(self) -> list[str]:
        """Problems that the next start or reload would meet; [] when the sources are right."""
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
        """True when a reload can apply the change: the front cannot begin or end TLS on an open socket."""
        if key in ("tls_certificate", "tls_private_key"):
            return (new.tls_certificate is None) == (self.settings.tls_certificate is None)
        return KEYS[key].live

    async def _change(self, settings: Settings) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Prepare everything, then put all of it into force at once, then tell those who keep copies."""
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
    """A note for announced names that are unchanged, and have other addresses now."""
    gone = [ip for ip in before.candidate_ips if ip not in after.candidate_ips]
    if before.announced_ip != after.announced_ip or not gone:
        return []
    names = ", ".join(text for text in after.announced_ip or () if not is_address(text.rpartition("=")[2]))
    new = ", ".join(ip for ip in after.candidate_ips if ip not in before.candidate_ips)
    return [f"announced_ip: {names} is {new or 'nothing more'} now, no longer {', '.join(gone)}"]


def _step(key: str, before: object, after: object) -> dict[str, Any]:
    """A change in the form that is shown."""
    return {"before": KEYS[key].shown(before), "after": KEYS[key].shown(after)}
