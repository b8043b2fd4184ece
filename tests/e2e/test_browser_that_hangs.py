"""A page or a browser that hangs: its test fails, and the next one has a browser that works."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.support import browser_limits
from tests.support.browser import Tabs, running_browser
from tests.support.daemon import Daemon


def stop_chromium() -> None:
    """Stop its main process, which all others depend on."""
    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name() and "--type" not in " ".join(process.cmdline()):
            process.send_signal(signal.SIGSTOP)


# The first of this file: there can be no other browser beside those that it starts.
def test_a_browser_that_does_not_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_limits, "CLOSE_S", 2.0)
    with Daemon() as daemon:
        with running_browser() as browser:
            tabs = Tabs(browser, daemon.url)
            tabs.open("room", "ana").until_connected()
            stop_chromium()
            with pytest.raises(pytest.fail.Exception, match=r"the end of ana's tab took longer than 2 s"):
                tabs.close()
        with running_browser() as browser:
            Tabs(browser, daemon.url).open("room", "ben").until_connected()


@pytest.mark.parametrize("script", ["new Promise(() => 0)", "(() => { while (true); })()"])
def test_a_page_that_does_not_answer(
    tabs: Tabs, room_id: str, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = tabs.open(room_id, "ana")
    monkeypatch.setattr(browser_limits, "ANSWER_S", 1.0)
    with pytest.raises(pytest.fail.Exception, match=r"the answer of ana's page to .* took longer than 1 s"):
        ana.get(script)
    monkeypatch.undo()
    ana.close()
    tabs.opened.clear()
    tabs.open(room_id, "ben").until_connected()
