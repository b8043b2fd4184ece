"""A sending and a receiving tab, whose layers are changed and whose decoded frames are watched one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import Tabs

SCRIPT = Path(__file__).with_suffix(".js").read_text()
THREE_LAYERS: dict[str, Any] = {"resolution": "960x540", "frameRate": "20"}
"""The smallest camera of which Chromium sends three layers."""

DEADLINE_MS = 15_000
SHARE_TOLERANCE = 0.35


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome of one wish for layers; None: nothing within the deadline."""

    told_ms: float | None
    """The time until the server said that these layers are being sent."""
    shown_ms: float | None
    """The time until a frame of the layer's size was decoded."""


class LayerWatch:
    """Opens the two tabs. `query` says how the picture is sent; `spatial_layers` are those of one stream."""

    def __init__(
        self,
        tabs: Tabs,
        room_id: str,
        query: dict[str, Any],
        *,
        spatial_layers: int = 1,
        source: str = "webcam",
    ) -> None:
        self._spatial_layers = spatial_layers
        self._source = source
        self.sender = tabs.open(room_id, "ana", script=SCRIPT, **({"audio": "false"} | THREE_LAYERS | query))
        self.receiver = tabs.open(room_id, "ben", script=SCRIPT, produce="false")

    def extension_id(self, uri: str) -> int:
        """Return the id of a header extension that the sender uses; 0 when it does not."""
        producers: list[dict[str, Any]] = self.sender.get("mediad.producers")
        extensions = producers[0]["rtpParameters"]["headerExtensions"]
        return next((int(one["id"]) for one in extensions if one["uri"] == uri), 0)

    def can_send(self, codec: str) -> bool:
        known: list[str] = self.sender.get(
            "RTCRtpSender.getCapabilities('video').codecs.map(codec => codec.mimeType)"
        )
        return f"video/{codec}" in known

    def until_everything_is_sent(self, layers: int) -> None:
        """Wait until that many layers are sent, and the receiver has the best one."""
        self.receiver.until_flowing("ana", self._source)
        self.sender.get("layerWatch.keepSize()")
        self.receiver.get("layerWatch.watchReceived()")

        def sent() -> bool:
            widths = self.widths()
            return (
                len(widths) == layers
                and widths[0] > 0
                and sorted(set(widths)) == widths
                and self.receiver.get("layerWatch.width()") == widths[-1]
            )

        self.receiver.until(f"{layers} layers", sent)

    # -- statistics ----------------------------------------------------------------------------------------

    @property
    def received(self) -> dict[str, Any]:
        """The browser's whole inbound-rtp entry."""
        result: dict[str, Any] = self.receiver.get("layerWatch.received()")
        return result

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The outbound-rtp entries, smallest picture first."""
        result: list[dict[str, Any]] = self.sender.get("layerWatch.sent()")
        return result

    @property
    def consumer_id(self) -> str:
        return str(self.receiver.consumer("ana", self._source)["id"])

    def consumer_stats(self) -> dict[str, Any]:
        """Return the server's statistics of the consumer."""
        stats: list[dict[str, Any]] = self.receiver.get(
            "id => mediad.request('getConsumerStats', { consumerId: id })", self.consumer_id
        )
        return stats[0]

    def widths(self) -> list[int]:
        """Pixels of each spatial layer's picture, lowest first; 0 where none is sent."""
        sent = self.sent
        if len(sent) > 1 or self._spatial_layers == 1:
            return [int(one.get("frameWidth") or 0) for one in sent]
        top = int(sent[0].get("frameWidth") or 0) if sent else 0
        return [top >> self._spatial_layers - 1 - layer for layer in range(self._spatial_layers)]

    def share(self, spatial: int, seconds: float) -> float:
        """Frames decoded a second, over frames sent of this spatial layer, in the time to come."""
        sent, received = self.sent, self.received
        self.receiver.pause(seconds)
        later_received, later_sent = self.received, self.sent
        stream = spatial if len(sent) > 1 else 0
        encoded = rate(sent[stream], later_sent[stream], "framesEncoded") / self._spatial_layers
        return rate(received, later_received, "framesDecoded") / max(encoded, 1.0)

    def until_share(self, spatial: int, share: float) -> None:
        """Wait until about this share of what is sent of the layer is decoded, for nearly a second."""
        self.receiver.until(
            f"{share} of the frames", lambda: abs(self.share(spatial, 0.8) / share - 1) < SHARE_TOLERANCE
        )

    # -- layers --------------------------------------------------------------------------------------------

    def change(self, spatial: int, temporal: int, width: int) -> Change:
        result = self.receiver.get(
            "wish => layerWatch.change(wish)",
            {
                "consumerId": self.consumer_id,
                "spatialLayer": spatial,
                "temporalLayer": temporal,
                "width": width,
                "deadlineMs": DEADLINE_MS,
            },
        )
        return Change(result["toldMs"], result["shownMs"])

    def likeness(self, enough: float) -> float:
        """Correlation between a decoded frame and the picture that was sent as it, both made small.

        The first of the next five frames that is `enough`, or the best of them: libvpx leaves parts of a VP9
        picture as they were now and then, even without layers, but only for one frame.
        """
        best = -1.0
        for _ in range(5):
            best = max(best, float(self.receiver.get("layerWatch.likeness()")))
            if best >= enough:
                break
        return best


def rate(before: dict[str, Any], after: dict[str, Any], name: str) -> float:
    """Return the growth of a counter per second between two statistics entries."""
    seconds = float(after["timestamp"] - before["timestamp"]) / 1000
    return float(after[name] - before[name]) / max(seconds, 1e-3)


def growth(before: dict[str, Any], after: dict[str, Any], *names: str) -> dict[str, int]:
    return {name: int(after.get(name, 0) - before.get(name, 0)) for name in names}
