"""Reception: one negotiation of a track for all peers that can receive the same, but for SSRC and MID."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from mediad.ortc.negotiation import can_consume, consumer_parameters
from mediad.ortc.parameters import RtpCapabilities, RtpParameters
from mediad.pipe import rtp as pipe


class Track(Protocol):
    """A producer, as the negotiation sees it."""

    consumable: RtpParameters


class Form:
    """A track as it was negotiated for one kind of receiver, with SSRC and MID left open."""

    __slots__ = ("_encoding", "pipe_parameters", "rtp_parameters", "with_rtx")

    def __init__(self, rtp_parameters: dict[str, Any]) -> None:
        self.rtp_parameters = rtp_parameters
        """The parameters in wire spelling; never changed."""
        self.pipe_parameters = pipe.RtpParameters.from_wire(rtp_parameters)
        """The parameters for a worker."""
        self._encoding: dict[str, Any] = rtp_parameters["encodings"][0]
        self.with_rtx = "rtx" in self._encoding

    def fill(self, ssrc: int, mid: str) -> dict[str, Any]:
        """Return the parameters of one consumer, in wire spelling; RTX has the SSRC after `ssrc`."""
        encoding = {**self._encoding, "ssrc": ssrc}
        if self.with_rtx:
            encoding["rtx"] = {"ssrc": ssrc + 1}
        return {"mid": mid, **self.rtp_parameters, "encodings": [encoding]}


class Reception:
    """The forms of tracks for peers with the same capabilities."""

    def __init__(self, capabilities: RtpCapabilities) -> None:
        self._capabilities = capabilities
        self._forms: WeakKeyDictionary[Track, Form | None] = WeakKeyDictionary()

    def form(self, track: Track) -> Form | None:
        """Return the form of a track; None when there is no codec in common."""
        try:
            return self._forms[track]
        except KeyError:
            form = self._forms[track] = _negotiate(track.consumable, self._capabilities)
            return form


class Receptions:
    """The receptions of one room; each is forgotten with the last peer that has it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[bytes, Reception] = WeakValueDictionary()

    def of(self, capabilities: dict[str, Any]) -> Reception:
        """Return the reception for capabilities in wire spelling. Raises InvalidInput for malformed ones."""
        key = blake2b(msgspec.json.encode(capabilities, order="sorted"), digest_size=16).digest()
        reception = self._known.get(key)
        if reception is None:
            reception = self._known[key] = Reception(RtpCapabilities.from_wire(capabilities))
        return reception


def _negotiate(consumable: RtpParameters, capabilities: RtpCapabilities) -> Form | None:
    if not can_consume(consumable, capabilities):
        return None
    parameters = consumer_parameters(consumable, capabilities, enable_rtx=True, ssrc=0, mid=None)
    return Form(parameters.to_wire())
