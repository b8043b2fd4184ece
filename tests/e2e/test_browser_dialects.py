"""Apps of both generations of mediasoup-demo in Chromium, in one room with mediad's own page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tabs
from tests.support.daemon import Daemon
from tests.support.demo_apps import DemoApp, build_apps


class Apps:
    """Opens apps on one server, and closes them again."""

    def __init__(self, browser: Browser, daemon: Daemon, room_id: str) -> None:
        build_apps()
        self._browser, self._daemon, self._room_id = browser, daemon, room_id
        self._opened: list[DemoApp] = []

    def open(self, app: str, peer_id: str, **options: Any) -> DemoApp:
        opened = DemoApp(self._browser, self._daemon.url, app, self._room_id, peer_id, **options)
        self._opened.append(opened)
        opened.until_joined()
        return opened

    def close(self) -> None:
        for app in self._opened:
            app.close()


@pytest.fixture
def apps(browser: Browser, daemon: Daemon, room_id: str) -> Iterator[Apps]:
    apps = Apps(browser, daemon, room_id)
    yield apps
    apps.close()


def test_both_dialects_and_the_page_see_and_hear_each_other(apps: Apps, tabs: Tabs, room_id: str) -> None:
    """Three generations of clients in one room: mediasoup-client 3.7 in A, 3.24 in B, and the page."""
    old, new = apps.open("demo_a", "old"), apps.open("demo_b", "new")
    page = tabs.open(room_id, "page")
    page.until_connected()
    old.until_flowing("new", "page")
    new.until_flowing("old", "page")
    page.until_flowing("old")
    page.until_flowing("new")
    assert old.peers() == {"new", "page"}
    assert new.peers() == {"old", "page"}
    assert new.heard("mediasoupVersion")
    assert old.heard("mediasoup-version")
    sources = {one["appData"]["source"] for one in new.get("app.progress()")}
    assert sources == {"audio", "video"}
    assert new.heard("speakingPeers")
    assert new.get("app.errors") == old.get("app.errors") == []


def test_wishes_of_an_app_of_dialect_b(apps: Apps) -> None:
    new, old = apps.open("demo_b", "new"), apps.open("demo_a", "old", produce=False)
    old.until_flowing("new")
    new.get("app.tell('pauseProducer', { producerId: app.producers.get('video').id })")
    old.until("paused", lambda: old.heard("consumerPaused"))
    new.get("app.tell('resumeProducer', { producerId: app.producers.get('video').id })")
    old.until("resumed", lambda: old.heard("consumerResumed"))
    new.get("app.tell('changeDisplayName', { displayName: 'Newer' })")
    (renamed,) = old.until("renamed", lambda: old.heard("peerDisplayNameChanged"))
    assert renamed == {"peerId": "new", "displayName": "Newer", "oldDisplayName": "new"}
    stats = new.get("app.request('getTransportStats', { transportId: app.transports.send.id })")
    assert stats["stats"][0]["iceState"] in ("connected", "completed")
    ice = new.get("app.request('restartIce', { transportId: app.transports.send.id })")
    new.get("iceParameters => app.transports.send.restartIce({ iceParameters })", ice["iceParameters"])
    old.until_flowing("new")
    new.get("app.tell('closeProducer', { producerId: app.producers.get('audio').id })")
    old.until("closed", lambda: len(old.get("app.progress()")) == 1)
    new.get("app.close()")
    old.until("gone", lambda: old.peers() == set())
    assert new.get("app.errors") == old.get("app.errors") == []
