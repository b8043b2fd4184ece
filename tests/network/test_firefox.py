"""Firefox on mediad's page, with Chromium: audio, video and chat both ways.

In a namespace, because Firefox's ICE never uses the loopback.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browser import SMALL, Tabs, build_page, chromium, launch
from tests.support.browser_limits import close
from tests.support.daemon import Daemon
from tests.support.firefox import Firefox, Page, firefox, running_firefox
from tests.support.namespace import Namespace

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(firefox() is None, reason="there is no Firefox here"),
]
ADDRESS = "10.66.0.1"


@pytest.fixture(scope="module")
def place() -> Iterator[Namespace]:
    """A namespace with an address that is not the loopback's."""
    try:
        where = Namespace()
        where.ip("link", "add", "media", "type", "veth", "peer", "name", "far")
    except OSError as error:
        pytest.skip(f"no network of its own can be made here: {error}")
    where.ip("address", "add", f"{ADDRESS}/24", "dev", "media")
    where.ip("link", "set", "far", "up")
    where.ip("link", "set", "media", "up")
    where.ip("route", "add", "default", "via", ADDRESS)
    yield where
    where.close()


@pytest.fixture(scope="module")
def daemon(place: Namespace) -> Iterator[Daemon]:
    with Daemon(namespace=place, listen_ip=ADDRESS) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def fox(place: Namespace) -> Iterator[Firefox]:
    with running_firefox(place) as browser:
        yield browser


@pytest.fixture
def tabs(place: Namespace, daemon: Daemon, tmp_path: Path) -> Iterator[Tabs]:
    build_page()
    with sync_playwright() as playwright:
        command = shlex.join([*place.prefix, chromium() or playwright.chromium.executable_path])
        wrapper = tmp_path / "chromium"
        wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        wrapper.chmod(0o755)
        browser = launch(playwright, str(wrapper))
        tabs = Tabs(browser, daemon.url)
        yield tabs
        tabs.close()
        close(browser, "Chromium")


def join(fox: Firefox, daemon: Daemon, room_id: str, peer_id: str) -> Page:
    query = urlencode({"roomId": room_id, "peerId": peer_id, "displayName": peer_id, **SMALL})
    page = fox.open(f"{daemon.url}/?{query}")
    page.until(f"{peer_id} connected", "mediad.state", lambda state: state == "connected")
    return page


def decoded(page: Page, peer_id: str) -> dict[str, float]:
    """Frames of the camera and samples of the microphone of a peer, as they grow."""
    return {
        one["source"]: one.get("framesDecoded", 0) + one.get("totalSamplesReceived", 0)
        for one in page.get("mediad.stats()")["consumers"]
        if one["peerId"] == peer_id
    }


def until_flowing(page: Page, peer_id: str) -> None:
    for _ in range(2):
        before = decoded(page, peer_id)
        page.until(
            f"more of {peer_id}",
            "mediad.stats()",
            lambda _: (
                (now := decoded(page, peer_id)).keys() == {"mic", "webcam"}
                and all(now[source] > before.get(source, 0) for source in now)
            ),
        )


def test_firefox_and_chromium_see_and_hear_each_other(fox: Firefox, daemon: Daemon, tabs: Tabs) -> None:
    ana = join(fox, daemon, "foxes", "ana")
    ben = tabs.open("foxes", "ben")
    ben.until_flowing("ana")
    until_flowing(ana, "ben")


def test_firefox_and_chromium_write_to_each_other(fox: Firefox, daemon: Daemon, tabs: Tabs) -> None:
    ana, ben = join(fox, daemon, "writers", "ana"), tabs.open("writers", "ben")
    ana.until("ana's chat", "mediad.chat.open")
    ben.until("ben's chat", lambda: ben.get("mediad.chat.open"))
    texts = "mediad.chat.messages.filter((one) => !one.own).map((one) => one.text)"
    ben.until(
        "ana's words", lambda: ana.get("mediad.say('from Firefox')") and "from Firefox" in ben.get(texts)
    )

    def heard(texts: list[str]) -> bool:
        ben.get("mediad.say('from Chromium')")
        return "from Chromium" in texts

    ana.until("ben's words", texts, heard)
