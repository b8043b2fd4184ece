"""NAL units, of which frames of H.264 and H.265 consist, in the byte stream format (annex B of both)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from mediad.recorder.codecs.frame import Malformed

START_CODE = b"\x00\x00\x00\x01"


def byte_stream(units: Iterable[bytes]) -> bytes:
    """Return the units, each behind a start code; the muxer makes what a container wants of it."""
    return b"".join(START_CODE + unit for unit in units)


def aggregated(payload: bytes) -> Iterator[bytes]:
    """Yield the units of an aggregation packet without its header, each behind 16 bits of length.

    Raises Malformed for a length that is wrong.
    """
    at = 0
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if not size or at + size > len(payload):
            raise Malformed
        yield payload[at : at + size]
        at += size


def without_emulation(unit: bytes) -> bytes:
    """Return the unit without the bytes that keep start codes out of it (H.264 section 7.4.1)."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def parameter_sets(value: object) -> list[bytes]:
    """Return the units of an fmtp parameter such as sprop-parameter-sets; what is not base64 is left out."""
    units = []
    for text in str(value).split(",") if value else ():
        try:
            units.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return [unit for unit in units if unit]
