"""Apps in Chromium tabs: of mediasoup-demo with mediasoup-client 3.7 (A) and 3.24 (B), and two of Socket.IO.

Their sources are in tests/apps; a test looks into a tab through `window.app`.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser_limits import answer_limit, close

APPS = Path(__file__).parents[1] / "apps"
DEADLINE_S = 60.0
T = TypeVar("T")


def build_apps() -> None:
    """Build tests/apps/dist unless it is newer than its sources; `scripts/test` has normally done so."""
    built = [path.stat().st_mtime for path in (APPS / "dist").glob("*.js")]
    sources = [path.stat().st_mtime for path in (*APPS.glob("*.js"), APPS / "build.mjs")]
    if min(built, default=0.0) > max(sources):
        return
    installed = APPS / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < (APPS / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci"], cwd=APPS, check=True, timeout=300)
    subprocess.run(["npm", "run", "build"], cwd=APPS, check=True, timeout=120)


class DemoApp:
    """One app in a tab of its own."""

    def __init__(
        self, browser: Browser, base_url: str, app: str, room_id: str, peer_id: str, **options: Any
    ) -> None:
        """Start `app`, a file of tests/apps; `options` are those of its constructor."""
        self.peer_id = peer_id
        with answer_limit(peer_id, f"the start of {app}"):
            self._context: BrowserContext = browser.new_context(
                permissions=["camera", "microphone"],
                bypass_csp=True,  # the app is put into a page of ours, whose policy forbids that
            )
            self.page: Page = self._context.new_page()
            self.page.goto(f"{base_url}/health")  # a page of the server's own, without scripts
            self.page.add_script_tag(path=str(APPS / "dist" / f"{app}.js"))
            url = {"roomId": room_id, "peerId": peer_id}
            self.page.evaluate("options => start(options)", {"url": url, **options})

    def close(self) -> None:
        close(self._context, f"{self.peer_id}'s app")

    def get(self, expression: str, argument: Any = None) -> Any:
        """Evaluate JavaScript; promises are awaited."""
        with answer_limit(self.peer_id, expression):
            return self.page.evaluate(expression, argument)

    def until(self, what: str, condition: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
        """Poll until `condition()` is true, and return its value."""
        end = time.monotonic() + deadline_s
        while True:
            value = condition()
            if value:
                return value
            errors = self.get("app.errors")
            if errors or time.monotonic() > end:
                heard = self.get("app.heard.map(({ method }) => method)")
                raise AssertionError(f"{self.peer_id}: {what} not seen; {errors}; heard {heard}")
            self.page.wait_for_timeout(100)

    def until_joined(self) -> None:
        self.until("joined", lambda: self.get("app.state === 'joined'"))

    def until_flowing(self, *peer_ids: str) -> None:
        """Wait until microphone and camera of each of these peers go on arriving."""
        wanted = {(peer_id, kind) for peer_id in peer_ids for kind in ("audio", "video")}

        def flow() -> bool:
            before = {one["id"]: one["done"] for one in self.get("app.progress()")}
            self.page.wait_for_timeout(700)
            now = self.get("app.progress()")
            return wanted <= {
                (o["peerId"], o["kind"]) for o in now if o["done"] > before.get(o["id"], o["done"])
            }

        self.until(f"media of {peer_ids}", flow)

    def transport_stats(self, direction: str) -> list[dict[str, Any]]:
        """The server's statistics of its transport, "send" or "recv"."""
        asked = "app.request('getTransportStats', { transportId: app.transports[direction].id })"
        answer = self.get(f"direction => {asked}", direction)
        stats: list[dict[str, Any]] = answer["stats"] if isinstance(answer, dict) else answer
        return stats

    def peers(self) -> set[str]:
        return set(self.get("[...app.peers.keys()]"))

    def offers(self) -> list[dict[str, Any]]:
        """The data of each `newConsumer` that was accepted."""
        offers: list[dict[str, Any]] = self.get("[...app.consumers.values()].map(({ data }) => data)")
        return offers

    def heard(self, method: str) -> list[Any]:
        """The data of each notification of this name."""
        told: list[Any] = self.get(
            "name => app.heard.filter(({ method }) => method === name).map(({ data }) => data)", method
        )
        return told

    # -- data channels -------------------------------------------------------------------------------------

    def open_channel(self, label: str = "chat", **options: Any) -> None:
        """Open a channel to send on, by default as the demo's chat is."""
        if options:
            self.get("([label, options]) => app.openChannel(label, options)", [label, options])
        else:
            self.get("label => app.openChannel(label)", label)

    def until_heard(self, peer_id: str | None, label: str = "chat") -> None:
        """Wait until a channel of that peer, or of the bot, is open here."""
        self.until(
            f"{label} of {peer_id}",
            lambda: [one for one in self.channels(peer_id, label) if one["readyState"] == "open"],
        )

    def channels(self, peer_id: str | None, label: str = "chat") -> list[dict[str, Any]]:
        """The channels of a peer, or of the bot, that this one receives on."""
        heard = self.get("app.channels.heard()")
        return [one for one in heard if (one["peerId"], one["label"]) == (peer_id, label)]

    def send(self, label: str, number: int, size: int, *, binary: bool) -> float:
        """Send a long message; returns the moment in milliseconds."""
        sent: float = self.get(
            "([label, number, size, binary]) => app.channels.send(label, number, size, binary)",
            [label, number, size, binary],
        )
        return sent

    def say(self, text: str, label: str = "chat") -> None:
        self.get("([label, text]) => app.channels.producers.get(label).send(text)", [label, text])

    def messages(self, label: str = "chat") -> list[dict[str, Any]]:
        """All messages received on channels of this label, in their order."""
        got = self.get("app.channels.messages")
        return [message for message in got if message["label"] == label]


class Apps:
    """Opens apps on one server, and closes them again."""

    def __init__(self, browser: Browser, base_url: str, room_id: str) -> None:
        build_apps()
        self._browser, self._base_url, self._room_id = browser, base_url, room_id
        self._opened: list[DemoApp] = []

    def open(self, app: str, peer_id: str, **options: Any) -> DemoApp:
        opened = DemoApp(self._browser, self._base_url, app, self._room_id, peer_id, **options)
        self._opened.append(opened)
        opened.until_joined()
        return opened

    def close(self) -> None:
        for app in self._opened:
            app.close()
