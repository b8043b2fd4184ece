"""Chromium behind the lab's links: one browser for each client, started in that client's namespace."""

from __future__ import annotations

import shlex
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.support.browser import Tab, Tabs, build_page, chromium, launch
from tests.support.browser_limits import close
from tests.support.camera import Camera
from tests.support.namespace import Namespace
from tests.support.network_lab import NetworkLab
from tests.support.voice import write_voice

WINDOW = (400, 300)


class LabBrowsers:
    """Opens tabs for people who sit at the lab's clients; every browser is started when first used.

    All of them have the same `camera`; None is Chromium's own test picture.
    """

    def __init__(self, playwright: Playwright, lab: NetworkLab, url: str, camera: Camera | None) -> None:
        build_page()
        self._playwright = playwright
        self._lab = lab
        self._url = url
        self._tabs: dict[str, Tabs] = {}
        self._cleanup = ExitStack()
        self._directory = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        voice = self._directory / "voice.wav"
        write_voice(voice)
        self._arguments = [
            # Cameras are for secure origins, and there is no certificate for a namespace's address.
            f"--unsafely-treat-insecure-origin-as-secure={url}",
            f"--use-file-for-fake-audio-capture={voice}",
        ]
        if camera is not None:
            camera.write(self._directory / "camera.y4m")
            self._arguments.append(f"--use-file-for-fake-video-capture={self._directory / 'camera.y4m'}")

    def open(self, client: str, room_id: str, peer_id: str, **query: str) -> Tab:
        """A tab at that client's computer that joins at once; `query` as for `Tabs.open`.

        Its window is small: drawing pictures large takes more of a computer than everything else together.
        """
        if client not in self._tabs:
            self._tabs[client] = Tabs(self._launch(client), self._url)
        return self._tabs[client].open(room_id, peer_id, viewport=WINDOW, **query)

    def close_tabs(self) -> None:
        """Close all tabs; the browsers go on. Fails if a script did."""
        opened = [tab for tabs in self._tabs.values() for tab in tabs.opened]
        crashes = [crash for tab in opened for crash in tab.crashes]
        for tabs in self._tabs.values():
            tabs.close()
            tabs.opened.clear()
        assert crashes == []

    def close(self) -> None:
        self._cleanup.close()

    def _launch(self, client: str) -> Browser:
        browser = launch(self._playwright, self._wrapper(client), *self._arguments)
        self._cleanup.callback(close, browser, f"{client}'s Chromium")
        return browser

    def _wrapper(self, client: str) -> str:
        path = self._directory / f"chromium-{client}"
        return chromium_inside(self._lab.client(client).namespace, self._playwright, path)


def chromium_inside(namespace: Namespace, playwright: Playwright, path: Path) -> str:
    """Write a script that starts Chromium inside: Playwright runs a path, and talks over inherited pipes."""
    executable = chromium() or playwright.chromium.executable_path
    command = shlex.join([*namespace.prefix, executable])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return str(path)
