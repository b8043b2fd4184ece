"""Methods about the settings: show them, read them again, change the log level."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.config.live import LiveSettings
from mediad.supervisor.admin.methods import Table, read


class LogLevel(msgspec.Struct, rename="camel"):
    level: str | None = None


def table(live: LiveSettings) -> Table:
    """The methods, by name."""

    async def config(data: dict[str, Any]) -> dict[str, Any]:
        return {"settings": live.shown()}

    async def reload(data: dict[str, Any]) -> dict[str, Any]:
        return await live.reload()

    async def log_level(data: dict[str, Any]) -> dict[str, Any]:
        level = read(data, LogLevel).level
        if level is not None:
            await live.set("log_level", level)
        return {"level": live.settings.log_level, "origin": live.origins["log_level"]}

    return {"config": config, "reload": reload, "logLevel": log_level}
