"""Grants of a peer as people read them: what differs from those that everyone has without a token."""

from __future__ import annotations

from mediad.ctl.render import bitrate, printable
from mediad.ctl.session import Data
from mediad.words import plural

_SWITCHES = ("publish", "subscribe", "data", "admin", "record")


def describe_grants(grants: Data) -> str:
    """Return grants in words; "everything" when nothing is limited."""
    words = [f"no {name}" for name in _SWITCHES if grants.get(name) is False]
    for name, what in (("sources", "sources"), ("codecs", "codecs")):
        if (names := grants.get(name)) is not None:
            words.append(f"{what} {', '.join(map(printable, names)) or 'none'}")
    if (bps := grants.get("maxBitrateBps")) is not None:
        words.append(f"at most {bitrate(bps)}")
    if (most := grants.get("maxProducers")) is not None:
        words.append(f"sends at most {plural(most, 'track')}")
    if (most := grants.get("maxConsumers")) is not None:
        words.append(f"receives at most {plural(most, 'track')}")
    return "; ".join(words) or "everything"
