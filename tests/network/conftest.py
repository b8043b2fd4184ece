"""Fixtures of the tests on bad networks: one lab, daemon and set of browsers a module, fresh links a test.

Where the kernel refuses namespaces or TUN devices every test here is skipped, with the kernel's own words.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from playwright.sync_api import sync_playwright

from tests.support.camera import Camera
from tests.support.daemon import Daemon
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab, refusal


class Report(Protocol):
    def __call__(self, what: str, figure: str, bar: str = "", /) -> None: ...


BUSY = 4.0
"""Runnable processes a processor, over the last minute: two browsers and their encoders make half of it."""


@pytest.fixture(autouse=True)
def idle_enough() -> None:
    """Pictures stand still on a machine that has no time for them, whatever the network does."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    if load > BUSY:
        pytest.skip(f"this machine is too busy to tell: a load of {load:.1f} a processor")


@pytest.fixture(scope="module")
def lab() -> Iterator[NetworkLab]:
    reason = refusal()
    if reason is not None:
        pytest.skip(f"no bad networks can be made here: {reason}")
    with NetworkLab() as lab:
        yield lab


@pytest.fixture(scope="module")
def daemon(lab: NetworkLab) -> Iterator[Daemon]:
    with lab.daemon() as daemon:
        yield daemon


@pytest.fixture(scope="module")
def camera() -> Camera | None:
    """The camera of all tests; modules that need another override it."""
    return None


@pytest.fixture(scope="module")
def browsers(lab: NetworkLab, daemon: Daemon, camera: Camera | None) -> Iterator[LabBrowsers]:
    with sync_playwright() as playwright:
        browsers = LabBrowsers(playwright, lab, daemon.url, camera)
        try:
            yield browsers
        finally:
            browsers.close()


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]) -> Report:
    """`report("freeze share", "0.3 %", "1 %")` shows a figure beside the bar it is held to."""

    def show(what: str, figure: str, bar: str = "") -> None:
        record_property(what, figure)
        with capsys.disabled():
            print(f"\n  {what}: {figure}" + (f" (bar {bar})" if bar else ""), end="")

    return show
