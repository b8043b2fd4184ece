"""A computer of its own with an IPv4 and an IPv6 address, on which a daemon and browsers run."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from tests.support.browser import Tabs, build_page, launch
from tests.support.browser_limits import close
from tests.support.daemon import Daemon
from tests.support.lab_browsers import chromium_inside
from tests.support.namespace import Namespace
from tests.support.tun import open_tun

V4, V6 = "10.98.0.1", "fd00:98::1"
OUTSIDE = "203.0.113.7"
"""An address that leads nowhere from here, as one outside of a NAT may from the inside."""


class Computer:
    """`with Computer() as computer:` has an interface with both addresses, and no way to anywhere else.

    OSError, with the kernel's reason, where namespaces or TUN devices are not to be had.
    """

    def __enter__(self) -> Computer:
        self._cleanup = ExitStack()
        self.namespace = Namespace()
        self._cleanup.callback(self.namespace.close)
        try:
            # Browsers pass over the loopback's addresses, so an interface is there, whose wire leads nowhere.
            self._cleanup.callback(os.close, self.namespace.run(lambda: open_tun("eth0")))
            self.namespace.ip("link", "set", "eth0", "addrgenmode", "none", "up")
            self.namespace.ip("address", "add", f"{V4}/24", "dev", "eth0")
            self.namespace.ip("address", "add", f"{V6}/64", "dev", "eth0", "nodad")
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def daemon(self, **settings: Any) -> Daemon:
        """A daemon to be started inside."""
        return Daemon(namespace=self.namespace, **settings)

    def tabs(self, url: str) -> Tabs:
        """Tabs of a browser inside, on the page at `url`; they end with the computer."""
        build_page()
        playwright: Playwright = self._cleanup.enter_context(sync_playwright())
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="computer-")))
        executable = chromium_inside(self.namespace, playwright, folder / "chromium")
        # Cameras are for secure origins, and there is no certificate for these addresses.
        browser = launch(playwright, executable, f"--unsafely-treat-insecure-origin-as-secure={url}")
        self._cleanup.callback(close, browser, "Chromium")
        return Tabs(browser, url)
