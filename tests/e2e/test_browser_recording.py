"""People in mediad's page see that they are recorded, and what they show is in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import SMALL, Tabs
from tests.support.claps import look
from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl

MARK = ".recorded"


@pytest.mark.parametrize("container", ["mkv", "webm"])
def test_a_red_mark_shows_while_it_is_recorded(browser: Browser, tmp_path: Path, container: str) -> None:
    with Daemon(recording_dir=str(tmp_path), recording_min_free_bytes=0) as daemon:
        tabs = Tabs(browser, daemon.url)
        ana = tabs.open("room", "ana", resolution=SMALL["resolution"], frameRate=SMALL["frameRate"])
        ana.until("connected", lambda: ana.state == "connected")
        assert not ana.page.locator(MARK).is_visible()

        def record(*words: str) -> None:
            said = run_mediactl(daemon.admin_socket, "record", *words)
            assert said.code == 0, said.err

        record("start", "room", "--format", container)
        ana.page.locator(MARK).wait_for(state="visible")
        ana.pause(3)
        ben = tabs.open("room", "ben", produce="false")
        ben.page.locator(MARK).wait_for(state="visible")
        record("stop", "room")
        ana.page.locator(MARK).wait_for(state="hidden")
        ben.page.locator(MARK).wait_for(state="hidden")
        tabs.close()
        (path,) = list(tmp_path.rglob(f"*.{container}"))
        seen = look(path)
        assert seen.length_s > 2
        assert seen.frames > 100
