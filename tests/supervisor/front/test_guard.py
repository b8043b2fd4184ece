"""The guard: access as the settings say, and as they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.signaling.access import NotAdmitted
from mediad.supervisor.front.guard import Guard, own_names
from tests.support.loops import on_loop, raises
from tests.support.signing import OTHER, SECRET, token

FOREVER = token({"exp": 2**40})


@on_loop
async def test_access_follows_the_settings() -> None:
    settings = Settings(jwt_secrets=(SECRET,))
    guard = Guard(settings, {})
    guard.access.require_token(FOREVER, "r", "ana")
    new = replace(
        settings, jwt_secrets=(OTHER,), token_audience=("sfu",), cors_origins=("https://a.example",)
    )
    (await guard.prepare(new))()
    guard.apply(new)
    assert (guard.secrets(), guard.access.rules.tokens.audiences) == ((OTHER,), ("sfu",))
    assert guard.access.rules.origins == ("https://a.example",)
    with pytest.raises(NotAdmitted):
        guard.access.require_token(FOREVER, "r", "ana")


@on_loop
async def test_sockets_of_another_process_are_guarded_too() -> None:
    guard = Guard(Settings(), {})
    guard.require_guarded(Settings())
    guard.hosts = ["127.0.0.1", "0.0.0.0"]
    with pytest.raises(ConfigError, match=r"mediad.socket: got '0.0.0.0'.*set open = true"):
        guard.require_guarded(Settings())
    guard.require_guarded(Settings(open=True))
    guard.require_guarded(Settings(jwt_secrets=(SECRET,)))
    assert "mediad.socket" in await raises(ConfigError, guard.prepare(Settings()))


def test_what_was_revoked_before_the_start_stays_so(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": str(tmp_path)}
    guard = Guard(Settings(jwt_secrets=(SECRET,)), environ)
    guard.access.gate.revocations.revoke("jti:one", None, 0)
    assert guard.save() == ""
    again = Guard(Settings(jwt_secrets=(SECRET,)), environ)
    with pytest.raises(NotAdmitted, match="revoked"):
        again.access.require_token(token({"exp": 2**40, "jti": "one"}), "r", "ana")


def test_own_names() -> None:
    names = own_names(
        Settings(
            host="0.0.0.0", listen_ip=("10.0.0.5",), announced_ip=("10.0.0.5=SFU.example", "sfu2.example")
        )
    )
    assert {"sfu.example", "sfu2.example", "10.0.0.5"} <= names
    assert "0.0.0.0" not in names
