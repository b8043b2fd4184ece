"""Limits of a browser: for its answers, and for its end.

Playwright waits without end for most of what it asks of a page or a browser. A browser that does not close is
killed, so that what follows fails at once instead of waiting for it too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import playwright
import psutil
from playwright.sync_api import Browser, BrowserContext

from tests.support.time_limit import time_limit

ANSWER_S = 60.0
CLOSE_S = 30.0


def answer_limit(peer_id: str, asked: str) -> AbstractContextManager[None]:
    """The limit for an answer of somebody's page."""
    return time_limit(ANSWER_S, f"the answer of {peer_id}'s page to {asked}")


def close(what: Browser | BrowserContext, name: str) -> None:
    """Close a browser, or one of its contexts, or kill all browsers."""
    try:
        with time_limit(CLOSE_S, f"the end of {name}"):
            what.close()
    except BaseException:
        kill_browsers()
        raise


def kill_browsers() -> None:
    """Kill Playwright's driver and all browsers that it has started."""
    home = Path(playwright.__file__).parent
    for driver in psutil.Process().children():
        if home in Path(driver.exe()).parents:
            for process in [*driver.children(recursive=True), driver]:
                process.kill()
