"""Fixtures of the tests that drive Chromium: one browser and one daemon a module, fresh tabs a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tabs, running_browser
from tests.support.daemon import Daemon
from tests.support.demo_apps import Apps


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1, max_consumer_replicas=2) as daemon:
        yield daemon


@pytest.fixture
def tabs(browser: Browser, daemon: Daemon) -> Iterator[Tabs]:
    """Tabs on the module's daemon; a script error in any of them fails the test that opened it."""
    tabs = Tabs(browser, daemon.url)
    yield tabs
    crashes = [crash for tab in tabs.opened for crash in tab.crashes]
    tabs.close()
    assert crashes == []


@pytest.fixture
def apps(browser: Browser, daemon: Daemon, room_id: str) -> Iterator[Apps]:
    """Apps of mediasoup-demo on the module's daemon."""
    apps = Apps(browser, daemon.url, room_id)
    yield apps
    apps.close()


@pytest.fixture
def room_id(request: pytest.FixtureRequest) -> str:
    """A room of its own for each test."""
    return str(request.node.name).replace("[", "-").replace("]", "")
