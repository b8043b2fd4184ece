"""The methods about settings: showing, reloading, log levels."""

from __future__ import annotations

from mediad.config.live import LiveSettings
from mediad.config.load import Loaded, Sources
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError, InvalidInput
from mediad.supervisor.admin import settings_methods
from mediad.supervisor.admin.methods import AdminMethods
from tests.support.loops import on_loop, raises


def methods(live: LiveSettings) -> AdminMethods:
    return AdminMethods(settings_methods.table(live))


@on_loop
async def test_all_settings_are_shown() -> None:
    answer = await methods(LiveSettings(Loaded(Settings(port=4000)))).call("config", {})
    assert [setting["key"] for setting in answer["settings"]] == list(KEYS)
    assert {"key": "port", "value": 4000, "origin": "default", "live": False} in answer["settings"]


@on_loop
async def test_no_secret_is_shown() -> None:
    settings = Settings(
        jwt_secrets=("pa55word" * 4,),
        webhook_url="https://ana:pa55word@app.example.com/pa55word?key=pa55word",
    )
    answer = await methods(LiveSettings(Loaded(settings))).call("config", {})
    assert "pa55word" not in str(answer)
    shown = {setting["key"]: setting["value"] for setting in answer["settings"]}
    assert shown["webhook_url"] == "https://app.example.com/(hidden)"


@on_loop
async def test_reload_reads_the_sources_again() -> None:
    live = LiveSettings(Loaded(Settings(), sources=Sources(environ={"MEDIAD_MAX_ROOMS": "2"})))
    answer = await methods(live).call("reload", {})
    assert answer["changed"] == [{"key": "max_rooms", "before": 0, "after": 2}]


@on_loop
async def test_a_level_is_told_or_changed() -> None:
    live = LiveSettings(Loaded(Settings()))
    assert await methods(live).call("logLevel", {}) == {"level": "info", "origin": "default"}
    assert await methods(live).call("logLevel", {"level": "warn"}) == {
        "level": "warning",
        "origin": "mediactl",
    }
    await raises(ConfigError, methods(live).call("logLevel", {"level": "loud"}))
    await raises(InvalidInput, methods(live).call("logLevel", {"level": 3}))
