"""The methods about settings: showing, reloading, log levels."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from mediad.config.live import LiveSettings
from mediad.config.load import Loaded, Sources
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError, InvalidInput
from mediad.supervisor.admin import settings_methods
from tests.support.admin_calls import ask
from tests.support.loops import on_loop, raises


def asking(live: LiveSettings, method: str, **data: object) -> Coroutine[None, None, dict[str, Any]]:
    return ask(settings_methods.table(live), method, **data)


@on_loop
async def test_all_settings_are_shown() -> None:
    answer = await asking(LiveSettings(Loaded(Settings(port=4000))), "config")
    assert [setting["key"] for setting in answer["settings"]] == list(KEYS)
    assert {"key": "port", "value": 4000, "origin": "default", "live": False} in answer["settings"]


@on_loop
async def test_no_secret_is_shown() -> None:
    settings = Settings(
        jwt_secrets=("pa55word" * 4,),
        webhook_url="https://ana:pa55word@app.example.com/pa55word?key=pa55word",
    )
    answer = await asking(LiveSettings(Loaded(settings)), "config")
    assert "pa55word" not in str(answer)
    shown = {setting["key"]: setting["value"] for setting in answer["settings"]}
    assert shown["webhook_url"] == "https://app.example.com/(hidden)"


@on_loop
async def test_reload_reads_the_sources_again() -> None:
    live = LiveSettings(Loaded(Settings(), sources=Sources(environ={"MEDIAD_MAX_ROOMS": "2"})))
    answer = await asking(live, "reload")
    assert answer["changed"] == [{"key": "max_rooms", "before": 0, "after": 2}]


@on_loop
async def test_a_level_is_told_or_changed() -> None:
    live = LiveSettings(Loaded(Settings()))
    assert await asking(live, "logLevel") == {"level": "info", "origin": "default"}
    assert await asking(live, "logLevel", level="warn") == {
        "level": "warning",
        "origin": "mediactl",
    }
    await raises(ConfigError, asking(live, "logLevel", level="loud"))
    await raises(InvalidInput, asking(live, "logLevel", level=3))
