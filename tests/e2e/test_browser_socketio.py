"""Apps of the two Socket.IO dialects in Chromium, with socket.io-client, by either transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tabs
from tests.support.daemon import Daemon
from tests.support.demo_apps import Apps, DemoApp
from tests.support.socketio_clients import SECRET, token

POLLING, WEBSOCKET, BOTH = ["polling"], ["websocket"], ["polling", "websocket"]


@pytest.fixture
def apps(browser: Browser, daemon: Daemon, room_id: str) -> Iterator[Apps]:
    apps = Apps(browser, daemon.url, room_id)
    yield apps
    apps.close()


def participant(apps: Apps, user_id: str, transports: list[str], **options: Any) -> DemoApp:
    return apps.open("meetlite", user_id, token=token(user_id), transports=transports, **options)


def test_all_kinds_of_apps_see_and_hear_each_other(apps: Apps, tabs: Tabs, room_id: str) -> None:
    ana, ben = participant(apps, "ana", POLLING), participant(apps, "ben", BOTH)
    page = tabs.open(room_id, "page")
    page.until_connected()
    ana.until_flowing("ben", "page")
    ben.until_flowing("ana", "page")
    page.until_flowing("ana")
    page.until_flowing("ben")
    assert ana.get("[...app.participants].sort()") == ["ben", "page"]
    assert ana.get("app.socket.io.engine.transport.name") == "polling"
    assert ben.get("app.socket.io.engine.transport.name") == "websocket"

    learner = apps.open("learning_demo", "learner", transports=WEBSOCKET, produce=False)
    for _ in range(6):  # it gets one after the other, in the order in which they began
        learner.get("app.consume()")
    learner.until_flowing("sender")
    for app in (ana, ben, learner):
        assert app.get("app.errors") == []


@pytest.mark.parametrize("transports", [POLLING, WEBSOCKET])
def test_a_learner_gets_its_own_camera_back(apps: Apps, transports: list[str]) -> None:
    learner = apps.open("learning_demo", "learner", transports=transports, alone=True)
    producers = {learner.get("app.consume()") for _ in range(2)}
    assert len(producers) == 2
    learner.until_flowing("sender")
    assert learner.get("app.errors") == []


def test_participants_come_back_when_their_worker_dies(apps: Apps, daemon: Daemon) -> None:
    ana, ben = participant(apps, "ana", POLLING), participant(apps, "ben", WEBSOCKET)
    ana.until_flowing("ben")
    daemon.kill_worker(0)
    for app in (ana, ben):
        app.until("joined again", lambda: app.get("app.joins === 2"))
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    for app in (ana, ben):
        (reason,) = app.get("app.endings")
        assert reason in ("transport close", "transport error")


def test_who_is_replaced_does_not_come_back(apps: Apps) -> None:
    older = participant(apps, "ana", WEBSOCKET, produce=False)
    participant(apps, "ana", POLLING, produce=False)
    older.until("its end", lambda: older.get("app.endings.length"))
    assert older.get("app.endings") == ["io server disconnect"]
    assert older.get("app.socket.active") is False


def test_tokens(browser: Browser, room_id: str) -> None:
    with Daemon(workers=1, jwt_secrets=SECRET) as daemon:
        apps = Apps(browser, daemon.url, room_id)
        participant(apps, "ana", BOTH, produce=False)
        for transports in (POLLING, WEBSOCKET):
            options = {"token": token("eve", "x" * 32), "transports": transports}
            eve = DemoApp(browser, daemon.url, "meetlite", room_id, "eve", **options)
            eve.until("a refusal", lambda: eve.get("app.refusals.length"))
            reason = "Authentication error: the token is signed with another key"
            assert eve.get("app.refusals") == [reason]
            eve.close()
        apps.close()
