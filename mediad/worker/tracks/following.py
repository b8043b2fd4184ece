"""Ways of following a producer: the choice of encoding and layers that a consumer is sent.

Each type of consumer (simple, simulcast, svc) has a class, named in `FOLLOWINGS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import to_builtins

from mediad.pipe.requests import TrackType
from mediad.pipe.scores import Layers
from mediad.worker.policy.allocation import RATED_LAYERS, Step, ladder, target_encoding
from mediad.worker.tracks.consumer_form import ConsumerForm
from mediad.worker.tracks.producer import Producer

ALL_LAYERS = 255
"""The media path's value for all layers within an encoding."""


class Target(NamedTuple):
    """The encoding to send (-1: none) and its highest layers, as `MediaPlane.set_target` takes them."""

    encoding: int
    temporal: int = ALL_LAYERS
    spatial: int = ALL_LAYERS


NOTHING = Target(-1)


class Following:
    """The way of following a track without layers: it is sent as it comes, and no layers are told.

    The ways that have a choice are subclasses.
    """

    def __init__(self, producer: Producer, form: ConsumerForm) -> None:
        self.top = Layers(
            max(form.spatial_layers, len(producer.active)) - 1,
            form.temporal_layers - 1,
        )
        """The highest layers of the track."""
        self.preferred = self.top
        self.current = -1
        """The encoding that is being sent; -1: none."""
        self._producer = producer
        self._allotted: Step | None = None
        self._limited = False
        self.target = self.best()

    # --- wishes ---------------------------------------------------------------------------------------------

    def prefer(self, spatial_layer: int, temporal_layer: int | None) -> Layers | None:
        """Set the preferred layers, limited to those that exist, and return them; None: the track has none.

        Without a temporal layer all temporal layers are preferred.
        """
        return None

    def wanted_encoding(self) -> int:
        """Return the encoding to send if bandwidth allows it."""
        return target_encoding(self._producer.active, self.preferred.spatial_layer)

    def best(self) -> Target:
        """Return the target that is preferred, without regard to bandwidth."""
        return Target(self.wanted_encoding())

    # --- bandwidth ------------------------------------------------------------------------------------------

    def ladder(self) -> tuple[Step, ...] | None:
        """Return the steps to choose from, by the layers sent and wanted; None where there is no choice."""
        return None

    def reserved_bps(self) -> int:
        """Return the bitrate that is needed in any case, in bit/s: that of the only layer."""
        return sum(rates[0] for rates in self._producer.bitrates)

    def allot(self, step: Step | None, *, limited: bool) -> Target:
        """Take an allotted step (None: nothing fits) and return the new target.

        `limited`: there is too little bandwidth for the best step.
        """
        self._allotted, self._limited = step, limited
        if not limited:
            self.target = self.best()
        else:
            self.target = NOTHING if step is None else self._within(step)
        return self.target

    def _within(self, step: Step) -> Target:
        """Return the target for an allotted step of the ladder."""
        return self.best()

    def demand(self) -> int:
        """Return the highest encoding that the sender must send for this consumer."""
        return self.top.spatial_layer

    # --- for the client -------------------------------------------------------------------------------------

    def sent_layers(self, temporal_layer: int, spatial_layer: int) -> Layers | None:
        """Return the layers sent of the current encoding, as the client counts them; None: it has none."""
        return None

    def is_silent(self) -> bool:
        """True when the sender has stopped sending the current encoding of a track with layers."""
        return False

    def stats(self, told: Layers | None, *, paused: bool) -> dict[str, Any]:
        """Return the current, target, preferred and best layers, and why the preferred ones are not sent."""
        return {}


class LayeredFollowing(Following, ABC):
    """The way of following a track with layers: up to those that are preferred and that bandwidth allows."""

    def prefer(self, spatial_layer: int, temporal_layer: int | None) -> Layers:
        temporal = self.top.temporal_layer if temporal_layer is None else temporal_layer
        self.preferred = self._existing(spatial_layer, temporal)
        return self.preferred

    def reserved_bps(self) -> int:
        """Return 0: every layer is a matter of choice."""
        return 0

    def stats(self, told: Layers | None, *, paused: bool) -> dict[str, Any]:
        target = self._existing(self._target_spatial(), self.target.temporal)
        return {
            "currentLayers": to_builtins(told) if told else None,
            "targetLayers": to_builtins(target) if self.target.encoding >= 0 else None,
            "preferredLayers": to_builtins(self.preferred),
            "bestLayers": to_builtins(self.top),
            "layersReason": "paused" if paused else self._reason(told),
        }

    def _best_temporal(self) -> int:
        temporal = self.preferred.temporal_layer
        return ALL_LAYERS if temporal == self.top.temporal_layer else temporal

    def _existing(self, spatial_layer: int, temporal_layer: int) -> Layers:
        """Return the layers, limited to those that the track has."""
        return Layers(
            min(spatial_layer, self.top.spatial_layer), min(temporal_layer, self.top.temporal_layer)
        )

    @abstractmethod
    def _target_spatial(self) -> int:
        """Return the spatial layer that is aimed at."""

    @abstractmethod
    def _reason(self, told: Layers | None) -> str:
        """Return "preferred" when the preferred layers are sent, or the reason why they are not.

        Reasons: bandwidth, waking (the sender was told a moment ago), notSent, waiting (for a key frame).
        """


class SimulcastFollowing(LayeredFollowing):
    """The way of following simulcast: one of several encodings at a time, each with temporal layers."""

    def best(self) -> Target:
        return Target(self.wanted_encoding(), self._best_temporal())

    def ladder(self) -> tuple[Step, ...] | None:
        rows = [rates[:RATED_LAYERS] for rates in self._producer.bitrates]
        obtainable = self._producer.obtainable
        best = target_encoding(obtainable, self.preferred.spatial_layer)
        return ladder(rows, [i for i in range(best) if obtainable[i]] + [best], self.preferred.temporal_layer)

    def _within(self, step: Step) -> Target:
        """Return the target for an allotted step, or, while its encoding is not received, for one that is."""
        encoding = target_encoding(self._producer.active, step.spatial)
        return Target(encoding, step.temporal if encoding == step.spatial else self._best_temporal())

    def demand(self) -> int:
        """Return the highest encoding that the sender must send for this consumer.

        The current encoding is needed until another one is forwarded.
        """
        wanted = max(self._allotted_encoding(), self.target.encoding)
        if self.current >= 0 and self._producer.active[self.current]:
            wanted = max(wanted, self.current)
        return wanted

    def sent_layers(self, temporal_layer: int, spatial_layer: int) -> Layers:
        return Layers(self.current, min(temporal_layer, self.top.temporal_layer))

    def is_silent(self) -> bool:
        return self.current >= 0 and self._producer.is_silent(self.current)

    def _allotted_encoding(self) -> int:
        if not self._limited:
            return self.preferred.spatial_layer
        return self._allotted.spatial if self._allotted is not None else 0

    def _target_spatial(self) -> int:
        return self.target.encoding

    def _reason(self, told: Layers | None) -> str:
        wanted = self._allotted_encoding()
        if self.target.encoding < wanted and self._producer.wakes(wanted):
            return "waking"
        if self._limited:
            return "bandwidth"
        if self.target.encoding != self.preferred.spatial_layer:
            return "notSent"
        return "preferred" if self.current == self.target.encoding else "waiting"


class SvcFollowing(LayeredFollowing):
    """The way of following SVC: one encoding with spatial and temporal layers inside."""

    def best(self) -> Target:
        spatial = self.preferred.spatial_layer
        within = ALL_LAYERS if spatial == self.top.spatial_layer else spatial
        return Target(self.wanted_encoding(), self._best_temporal(), within)

    def ladder(self) -> tuple[Step, ...] | None:
        rates = self._producer.bitrates[0]
        rows = [rates[at : at + RATED_LAYERS] for at in range(0, RATED_LAYERS**2, RATED_LAYERS)]
        spatial = min(self.preferred.spatial_layer, RATED_LAYERS - 1)
        return ladder(rows, range(spatial + 1), self.preferred.temporal_layer)

    def _within(self, step: Step) -> Target:
        return Target(0, step.temporal, step.spatial)

    def sent_layers(self, temporal_layer: int, spatial_layer: int) -> Layers:
        return self._existing(spatial_layer, temporal_layer)

    def _target_spatial(self) -> int:
        return self.target.spatial

    def _reason(self, told: Layers | None) -> str:
        if self._limited:
            return "bandwidth"
        spatial = self.preferred.spatial_layer
        if told is not None and told.spatial_layer < spatial:
            return "waiting" if self._producer.bitrates[0][RATED_LAYERS * spatial] else "notSent"
        return "preferred"


FOLLOWINGS: Mapping[TrackType, type[Following]] = {
    "simple": Following,
    "simulcast": SimulcastFollowing,
    "svc": SvcFollowing,
}
"""The way of following for each type of consumer."""
