"""A broadcaster of mediad's HTTP API, for the examples beside this file. It needs Python alone.

It speaks dialect B of the API, in which a consumer waits until its receiver is ready (docs/broadcasting.md).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Broadcaster:
    """A member of a room from the beginning of a `with` block to its end."""

    def __init__(self, room: str, server: str, token: str | None) -> None:
        self._room = f"{server.rstrip('/')}/rooms/{room}"
        self._token = token
        self._url = f"{self._room}/broadcasters"
        self.id = f"example-{secrets.token_hex(4)}"
        self.capabilities: dict[str, Any] = {}
        """The codecs of the room, and their payload types."""

    def __enter__(self) -> Broadcaster:
        self.capabilities = self._wait_for_room()["routerRtpCapabilities"]
        device = {"name": os.path.basename(sys.argv[0])}
        self._ask("POST", {"peerId": self.id, "displayName": "Broadcaster", "device": device})
        self._url += f"/{self.id}"
        try:
            self.post("/join")
        except BaseException:
            self._ask("DELETE")
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._ask("DELETE")
        except OSError:
            print("the broadcaster was gone already")

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask for something about the broadcaster, and return the answer."""
        return self._ask("POST", body, path)

    def get(self, path: str) -> Any:
        return self._ask("GET", None, path)

    def _wait_for_room(self) -> Any:
        """Return what the server says of the room, as soon as somebody is in it."""
        told = False
        while True:
            try:
                return self._send("GET", self._room, None)
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    sys.exit(f"the server says {error.code}: {error.read().decode()}")
            except OSError as error:
                sys.exit(f"there is no server at {self._room}: {error}")
            if not told:
                print(f"waiting until somebody is in the room: open {self._page()}", flush=True)
                told = True
            time.sleep(1)

    def _page(self) -> str:
        server, _, room = self._room.rpartition("/rooms/")
        return f"{server}/?roomId={room}"

    def _ask(self, method: str, body: dict[str, Any] | None = None, path: str = "") -> Any:
        try:
            return self._send(method, self._url + path, body)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def _send(self, method: str, url: str, body: dict[str, Any] | None) -> Any:
        request = urllib.request.Request(url, json.dumps(body or {}).encode(), method=method)
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith("{") else text


def arguments(description: str, *more: tuple[str, dict[str, Any]]) -> argparse.Namespace:
    """Read the command line: a room, and what an example has beside it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("room", help="the room, which somebody has opened in a browser")
    for name, options in more:
        parser.add_argument(name, **options)
    parser.add_argument("--server", default="http://127.0.0.1:3000", help="default %(default)s")
    parser.add_argument("--token", help="where the server asks for one")
    return parser.parse_args()


def run(command: list[str], when_started: Callable[[], None] = lambda: None) -> int:
    """Run a program until it ends, or until Ctrl-C or SIGTERM: then it may finish what it writes."""
    print("$", " ".join(command), flush=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    stop = lambda *_: process.send_signal(signal.SIGINT)  # noqa: E731
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        when_started()
        return process.wait()
    finally:
        process.terminate()
        process.wait()
