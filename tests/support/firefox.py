"""Headless Firefox by WebDriver BiDi, which it speaks itself: pages that are opened and asked.

Playwright drives only a Firefox of its own making; this drives the one that people have.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.namespace import Namespace

START_S, DEADLINE_S = 60.0, 60.0
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES: dict[str, object] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
}


def firefox() -> str | None:
    """Return the path of the installed Firefox; None when there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Page:
    """One page of a running Firefox."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    def get(self, expression: str) -> Any:
        """Evaluate JavaScript whose value is JSON; promises are awaited."""
        wrapped = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        answer = self._browser.ask(
            "script.evaluate",
            expression=wrapped,
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def until(self, what: str, expression: str, wanted: Callable[[Any], bool] = bool) -> Any:
        """Evaluate until the value is as wanted, and return it; fail with the last value otherwise."""
        end = time.monotonic() + DEADLINE_S
        while not wanted(value := self.get(expression)):
            assert time.monotonic() < end, f"{what} not seen in {DEADLINE_S:.0f} s, but {value}"
            time.sleep(0.2)
        return value


class Firefox:
    """The connection to a running Firefox."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.ask("session.new", capabilities={})

    def open(self, url: str) -> Page:
        """Open a URL in a window of its own, and wait until it is loaded."""
        context = str(self.ask("browsingContext.create", type="window")["context"])
        self.ask("browsingContext.navigate", context=context, url=url, wait="complete")
        return Page(self, context)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a BiDi command and return its result; events meanwhile are ignored."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=DEADLINE_S))
            if message.get("id") == number:
                assert message["type"] == "success", f"{method}: {message}"
                result: dict[str, Any] = message["result"]
                return result


@contextmanager
def running_firefox(where: Namespace) -> Iterator[Firefox]:
    """Run Firefox inside a namespace, with a profile of its own and a made-up camera and microphone.

    Inside one because its ICE never uses the loopback.
    """
    path = firefox()
    assert path is not None
    with tempfile.TemporaryDirectory(prefix="firefox-") as directory:
        profile, log = Path(directory), Path(directory) / "log"
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in _PREFERENCES.items()]
        (profile / "user.js").write_text("".join(lines))
        arguments = ["--headless", "--no-remote", "--profile", directory, "--remote-debugging-port", "0"]
        with log.open("wb") as written:
            process = subprocess.Popen(
                [*where.prefix, path, *arguments],
                stdout=subprocess.DEVNULL,
                stderr=written,
                env={"HOME": directory, "PATH": "/usr/bin:/bin"},
            )
        try:
            url = f"{_address(process, log)}/session"
            with where.run(lambda: connect(url, max_size=None, legacy=True)) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_S
    while (found := _LISTENS.search(log.read_text(errors="replace"))) is None:
        assert process.poll() is None, f"firefox ended with {process.returncode}: {log.read_text()[-500:]}"
        assert time.monotonic() < end, f"firefox does not listen: {log.read_text()[-500:]}"
        time.sleep(0.1)
    return found[1]
