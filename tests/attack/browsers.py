"""Two Chromium tabs in a call under attack, a process of its own: `… -m tests.attack.browsers URL SECRET`.

A line each second says what has come to the one that watches: packets, lost packets, frames, freezes.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tests.attack.target import token
from tests.support.browser import Tab, Tabs, running_browser

ROOM, SPEAKER, WATCHER = "victims-in-browsers", "ana", "ben"


def told(watcher: Tab) -> dict[str, Any]:
    """Add up the watcher's consumers."""
    consumers = watcher.consumers(SPEAKER)
    sums = {
        name: sum(int(consumer.get(field, 0)) for consumer in consumers)
        for name, field in (
            ("received", "packetsReceived"),
            ("lost", "packetsLost"),
            ("frames", "framesDecoded"),
            ("freezes", "freezeCount"),
        )
    }
    return {"at_s": time.time(), **sums}


def main(url: str, secret: str) -> None:
    with running_browser() as browser:
        tabs = Tabs(browser, url)
        speaker, watcher = (
            tabs.open(ROOM, peer_id, token=token(secret, ROOM, peer_id)) for peer_id in (SPEAKER, WATCHER)
        )
        speaker.until_connected()
        watcher.until_flowing(SPEAKER)
        while True:
            print(json.dumps(told(watcher)), flush=True)
            watcher.pause(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
