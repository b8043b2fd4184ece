"""Records of each layer that a sender sent and the server forwarded, by dependency descriptors.

When a change of layers is lost, this says whose it was: the sender's, that left the layer out or told that it
is no longer sent (active decode targets), or the server's, that had it and did not forward it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.dependency_descriptor import Descriptor, Structure, parse
from tests.support.packet_tap import PacketTap, Seen

URI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
SETTLE_S = 2.0
"""The time in which a sender begins to send a layer, or answers a request for a key frame."""
ROW_S = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """A layer frame's first packet, or a later one with news."""

    at_s: float
    uplink: bool
    ssrc: int
    descriptor: Descriptor

    @property
    def layer(self) -> tuple[int, int] | None:
        template = self.descriptor.template
        return None if template is None else (template.spatial, template.temporal)


def read(packets: Iterable[Seen], port: int, extension_id: int) -> list[Told]:
    """The descriptors to and from the server's `port`, each with the structure its stream told of before."""
    known: dict[tuple[bool, int], Structure] = {}
    found = []
    for packet in packets:
        data = packet.extensions.get(extension_id)
        if data is None or len(data) < 3:
            continue
        key = (packet.target_port == port, packet.ssrc)
        descriptor = parse(data, known.get(key))
        if descriptor.structure is not None:
            known[key] = descriptor.structure
        if descriptor.start or descriptor.structure is not None or descriptor.active is not None:
            found.append(Told(packet.at_s, *key, descriptor))
    return found


def left_out(told: Iterable[Told], spatial: int, since_s: float) -> bool:
    """True when the sender did not send this spatial layer, from a while after `since_s` on."""
    sent = [one for one in told if one.uplink and one.at_s >= since_s + SETTLE_S]
    pictures = sum(one.layer is not None and one.layer[0] == 0 for one in sent)
    frames = sum(one.layer is not None and one.layer[0] == spatial for one in sent)
    return frames < pictures / 2


def timeline(told: Iterable[Told], since_s: float) -> Iterator[str]:
    """A row for each half second: frames of each layer in and out, structures, and active decode targets."""
    rows: dict[int, tuple[Counter[str], Counter[str], list[str]]] = {}
    for one in told:
        into, out, news = rows.setdefault(int((one.at_s - since_s) // ROW_S), (Counter(), Counter(), []))
        if one.layer is not None and one.descriptor.start:
            (into if one.uplink else out)["S{}T{}".format(*one.layer)] += 1
        if one.uplink and one.descriptor.structure is not None:
            news.append("structure")
        if one.uplink and one.descriptor.active is not None:
            news.append(f"active {one.descriptor.active:b}")
    for number, (into, out, news) in sorted(rows.items()):
        yield f"{number * ROW_S:+6.1f} s  in {_counts(into)}  out {_counts(out)}  {' '.join(news)}"


def _counts(frames: Counter[str]) -> str:
    return " ".join(f"{layer}:{count}" for layer, count in sorted(frames.items())) or "-"


class Recording:
    """A recording of one call; without root's right to look, nothing is recorded and nothing proven."""

    def __init__(self, tap: PacketTap | None, port: int) -> None:
        self._tap = tap
        self._port = port
        self.extension_id = 0
        """The id of the dependency descriptor, once the sender's parameters are known."""

    def told(self) -> list[Told]:
        return [] if self._tap is None else read(self._tap.packets(), self._port, self.extension_id)

    def left_out(self, spatial: int, since_s: float) -> bool:
        """True when the recording shows that the sender did not send this layer."""
        told = self.told()
        return bool(told) and left_out(told, spatial, since_s)

    def show(self, since_s: float) -> str:
        return "\n".join(timeline(self.told(), since_s)) or "nothing was recorded"


@contextmanager
def recording(port: int) -> Iterator[Recording]:
    """Record the packets that pass a worker's UDP port."""
    try:
        tap = PacketTap(port)
    except PermissionError:
        yield Recording(None, port)
        return
    with tap:
        yield Recording(tap, port)
