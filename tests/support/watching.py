"""Pictures and sound that a client received over a time, from the browser's own statistics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.browser import Tab

MAX_UNDISTURBED_FREEZE = 0.01


@dataclass(frozen=True, slots=True)
class Watched:
    """Shares are 0..1 of the time watched."""

    seconds: float
    frames: int
    freeze_share: float
    freezes: int
    concealed_share: float
    """The share of the audio that was made up although the sender was not silent."""


class Watcher:
    """Watches one person from one tab: `Watcher(ben, "ana")`, time passes, `.so_far()`."""

    def __init__(self, tab: Tab, peer_id: str) -> None:
        self._tab = tab
        self._peer_id = peer_id
        self._start_s = time.monotonic()
        self._video = tab.consumer(peer_id, "webcam")
        self._audio = self._find_audio()

    def so_far(self) -> Watched:
        seconds = time.monotonic() - self._start_s
        video = _growth(self._video, self._tab.consumer(self._peer_id, "webcam"))
        audio = _growth(self._audio, self._find_audio())
        made_up = audio.get("concealedSamples", 0) - audio.get("silentConcealedSamples", 0)
        return Watched(
            seconds=seconds,
            frames=int(video["framesDecoded"]),
            freeze_share=video["totalFreezesDuration"] / seconds,
            freezes=int(video["freezeCount"]),
            concealed_share=made_up / max(1.0, audio.get("totalSamplesReceived", 0)),
        )

    def _find_audio(self) -> dict[str, Any]:
        return next(iter(self._tab.consumers(self._peer_id, "mic")), {})


def watch(tab: Tab, peer_id: str, seconds: float) -> Watched:
    watcher = Watcher(tab, peer_id)
    tab.pause(seconds)
    return watcher.so_far()


def watch_undisturbed(tab: Tab, peer_id: str, seconds: float = 8, tries: int = 4) -> Watched:
    """Watch before anything is wrong. Skips the test on a machine too busy to show pictures at all."""
    for _ in range(tries):
        watched = watch(tab, peer_id, seconds)
        if watched.freeze_share <= MAX_UNDISTURBED_FREEZE:
            return watched
    frozen = f"{watched.freeze_share:.0%} of the time"
    pytest.skip(f"this machine is too busy: on a perfect network the picture stands still {frozen}")


def want_the_best(tab: Tab, peer_id: str) -> None:
    """Every picture of that person in its highest layers, however small its tile."""
    for camera in tab.consumers(peer_id, "webcam"):
        tab.get("id => mediad.setPreferredLayers(id, 2, 2)", camera["id"])


def estimate_bps(tab: Tab) -> int:
    """Return the daemon's estimate of the link towards the tab; 0 while there is none."""
    answer = tab.get(
        "mediad.request('getTransportStats', { transportId: mediad.transports.recv.id })",
    )
    entries = answer["stats"] if isinstance(answer, dict) else answer
    return max((int(entry.get("availableOutgoingBitrate", 0)) for entry in entries), default=0)


def first_frame_s(tab: Tab, peer_id: str, patience_s: float) -> float:
    """Seconds until another frame is decoded, polled within the page. AssertionError when none is."""
    start_s = time.monotonic()
    came = tab.get(
        """async ([peerId, patienceMs]) => {
          const end = performance.now() + patienceMs;
          const frames = async () => {
            const { consumers } = await mediad.stats();
            const video = consumers.find((one) => one.peerId === peerId && one.source === 'webcam');
            return video?.framesDecoded ?? 0;
          };
          const before = await frames();
          while (performance.now() < end) {
            const now = await frames();
            if (now > before) return true;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          return false;
        }""",
        [peer_id, patience_s * 1000],
    )
    assert came, f"{tab.peer_id}: no frame in {patience_s} s: {tab.describe()}"
    return time.monotonic() - start_s


def _growth(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """Return the growth of each number; a stream made anew in between starts from nothing."""
    same = before.get("id") == after.get("id")
    return {
        name: value - (before.get(name, 0) if same else 0)
        for name, value in after.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
