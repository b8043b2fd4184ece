"""Headless Chromium on mediad's own page: tabs that join rooms and tell, by getStats(), what really arrives.

Everything is judged from inside the receiving browser, through the page's `window.mediad`. Waiting is polling
with a deadline far beyond what a loaded machine needs; nothing here measures how fast something was.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from tests.support.browser_limits import answer_limit, close

WEB = Path(__file__).parents[2] / "mediad" / "web"
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
SMALL = {"resolution": "320x240", "frameRate": "15"}
"""Query parameters of a camera that several tabs on two cores can encode and decode."""

DEADLINE_S = 60.0
T = TypeVar("T")


def build_page() -> None:
    """Build mediad/web/dist unless it is there; `scripts/test` has normally done so."""
    if (WEB / "dist" / "index.html").is_file():
        return
    if not (WEB / "node_modules").is_dir():
        subprocess.run(["npm", "ci"], cwd=WEB, check=True, timeout=300)
    subprocess.run(["npm", "run", "build"], cwd=WEB, check=True, timeout=120)


def chromium() -> str | None:
    """The installed browser's path; Debian and Google call it differently. None is Playwright's own."""
    return shutil.which("chromium") or shutil.which("google-chrome")


class Tab:
    """One browser tab with the page in it, in a browser context of its own."""

    def __init__(self, context: BrowserContext, url: str, peer_id: str, everybody: list[Tab]) -> None:
        """`everybody`: the tabs of a test, which a failure tells of."""
        self.context = context
        self.peer_id = peer_id
        self._everybody = everybody
        self.crashes: list[str] = []
        with answer_limit(peer_id, url):
            self.page: Page = context.new_page()
            self.page.on("pageerror", lambda error: self.crashes.append(str(error)))
            self.page.on("console", self._read_console)
            self.page.goto(url)

    def _read_console(self, message: ConsoleMessage) -> None:
        """Take what the page's policy (CSP) forbids it for a crash: its author meant to do it."""
        if "Content Security Policy" in message.text or "Permissions-Policy" in message.text:
            self.crashes.append(message.text)

    def close(self) -> None:
        close(self.context, f"{self.peer_id}'s tab")

    # -- reading -------------------------------------------------------------------------------------------

    def get(self, expression: str, argument: Any = None) -> Any:
        """Evaluate JavaScript; promises are awaited. An argument is handed to a function expression."""
        with answer_limit(self.peer_id, expression):
            return self.page.evaluate(expression, argument)

    @property
    def state(self) -> str:
        return str(self.get("mediad.state"))

    def stats(self) -> dict[str, Any]:
        result: dict[str, Any] = self.get("mediad.stats()")
        return result

    def consumers(self, peer_id: str | None = None, source: str | None = None) -> list[dict[str, Any]]:
        """The received streams with their statistics, of one person and one source if given."""
        return [
            consumer
            for consumer in self.stats()["consumers"]
            if peer_id in (None, consumer["peerId"]) and source in (None, consumer["source"])
        ]

    def consumer(self, peer_id: str, source: str) -> dict[str, Any]:
        (found,) = self.consumers(peer_id, source)
        return found

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    # -- waiting -------------------------------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        self.page.wait_for_timeout(seconds * 1000)

    def until(self, what: str, condition: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
        """Poll until `condition()` is true, and return its value; fail with what all tabs know otherwise."""
        end = time.monotonic() + deadline_s
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                told = "\n".join(tab.describe() for tab in self._everybody)
                raise AssertionError(f"{self.peer_id}: {what} not seen in {deadline_s:.0f} s\n{told}")
            self.pause(0.1)

    def until_connected(self) -> None:
        self.until("connected", lambda: self.state == "connected")

    def until_flowing(self, peer_id: str, *sources: str) -> None:
        """Wait until each source (microphone and camera if none is named) of that person goes on arriving."""
        for source in sources or ("mic", "webcam"):
            self.until(f"{source} of {peer_id}", lambda: self.flows(peer_id, source))

    def flows(self, peer_id: str, source: str | None, seconds: float = 0.7) -> bool:
        """True when decoded media of that source, or of all of them, grows over a moment."""
        before = self.consumers(peer_id, source)
        if not before:
            return False
        self.pause(seconds)
        after = {consumer["id"]: consumer for consumer in self.consumers(peer_id, source)}
        return all(one["id"] in after and progress(after[one["id"]]) > progress(one) for one in before)

    def until_smooth(self, peer_id: str, seconds: float = 2.0) -> None:
        """Wait for a stretch of video without a freeze, at five frames a second at least.

        A stretch, not the whole call: what a loaded machine does to one of them says nothing of the server.
        """

        def smooth() -> bool:
            first = self.consumer(peer_id, "webcam")
            self.pause(seconds)
            last = self.consumer(peer_id, "webcam")
            frames = progress(last) - progress(first)
            return bool(last.get("freezeCount") == first.get("freezeCount") and frames >= 5 * seconds)

        self.until(f"smooth video of {peer_id}", smooth)

    def until_still(self, peer_id: str, source: str) -> None:
        """Wait until no more media of that source arrives: two looks a second apart that agree."""

        def still() -> bool:
            before = self.consumer(peer_id, source).get("packetsReceived", 0)
            self.pause(1.0)
            return bool(self.consumer(peer_id, source).get("packetsReceived", 0) == before)

        self.until(f"silence of {source} of {peer_id}", still)

    def describe(self) -> str:
        """Describe the tab for a failing test: its tracks sent and received, and the server's view."""
        transports = self.get("mediad.transports")
        lines = [f"--- {self.peer_id}: {self.get(_CALL)} {transports} crashes={self.crashes}"]
        stats = self.stats()
        for producer in stats["producers"]:
            encodings = [_select(one, _SENT) for one in producer["encodings"]]
            lines.append(f"sends {producer['source']}: {encodings}")
        for consumer in stats["consumers"]:
            lines.append(f"receives {_select(consumer, _RECEIVED)}")
            lines.append(f"  served {self.get(_SERVED, consumer['id'])}")
        lines.append(f"downlink {self.get(_DOWNLINK)}")
        return "\n".join(lines)


_CALL = "({state: mediad.state, error: mediad.lastError, peers: mediad.peers.map(p => p.id)})"
_SENT = (
    *("rid", "active", "packetsSent", "keyFramesEncoded", "frameWidth", "targetBitrate"),
    *("qualityLimitationReason", "nackCount", "pliCount"),
)
_RECEIVED = (
    *("peerId", "source", "packetsReceived", "packetsLost", "framesDecoded", "keyFramesDecoded"),
    *("frameWidth", "layers", "remotelyPaused", "nackCount", "pliCount", "score"),
)
_SERVED = """consumerId => mediad.request('getConsumerStats', { consumerId }).catch(String)"""
_DOWNLINK = """mediad.transports.recv
  && mediad.request('getTransportStats', { transportId: mediad.transports.recv.id }).catch(String)"""


def _select(entry: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: entry[name] for name in names if name in entry}


def progress(consumer: dict[str, Any]) -> float:
    """A number that grows while media is decoded: frames, or samples that were not made up."""
    if consumer["kind"] == "video":
        return float(consumer.get("framesDecoded", 0))
    return float(consumer.get("totalSamplesReceived", 0) - consumer.get("concealedSamples", 0))


class Tabs:
    """Opens tabs on one server's page, and closes them again."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self.base_url = base_url
        self.opened: list[Tab] = []

    def open(
        self,
        room_id: str,
        peer_id: str,
        *,
        script: str = "",
        viewport: tuple[int, int] = (1280, 720),
        **query: str,
    ) -> Tab:
        """A tab that joins at once; `query` adds to or overrides the small camera's parameters."""
        parameters = {
            "roomId": room_id,
            "peerId": peer_id,
            "displayName": peer_id.capitalize(),
            **SMALL,
            **query,
        }
        return self.visit(f"/?{urlencode(parameters)}", peer_id, script=script, viewport=viewport)

    def visit(
        self, path: str, peer_id: str, *, script: str = "", viewport: tuple[int, int] = (1280, 720)
    ) -> Tab:
        """A tab on any URL of the server. `script` runs before the page's own."""
        with answer_limit(peer_id, "its opening"):
            context = self._browser.new_context(
                viewport={"width": viewport[0], "height": viewport[1]}, permissions=["camera", "microphone"]
            )
            if script:
                context.add_init_script(script)
        tab = Tab(context, self.base_url + path, peer_id, self.opened)
        self.opened.append(tab)
        return tab

    def close(self) -> None:
        for tab in self.opened:
            tab.close()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium for several tests. While it runs, this thread has an event loop: no asyncio.run() beside."""
    build_page()
    with sync_playwright() as playwright:
        browser = launch(playwright, chromium())
        try:
            yield browser
        finally:
            close(browser, "Chromium")


def launch(playwright: Playwright, executable: str | None, *more_arguments: str) -> Browser:
    return playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more_arguments])
