"""The stream of VP9 in an MP4 file, whose header has what only a key frame tells.

Profile, bit depth and kind of pixels stand in the `vpcC` box; browsers refuse a file without them. PyAV takes
them from a stream that it has read, so the first key frame is read as a file of one frame (IVF).
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any


def add_vp9_stream(container: Any, size: tuple[int, int], key_frame: bytes, clock: Fraction) -> Any:
    """Add a stream to PyAV's output `container` and return it. Its frames have times in units of `clock`.

    A key frame that cannot be read leaves the header as it would be without it.
    """
    import av  # an optional part of the installation

    with av.open(io.BytesIO(_ivf(size, key_frame)), format="ivf") as probed:
        stream = container.add_stream_from_template(probed.streams.video[0])
    stream.time_base = clock
    return stream


def _ivf(size: tuple[int, int], frame: bytes) -> bytes:
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP90", *size, 30, 1, 1, 0)
    return head + struct.pack("<IQ", len(frame), 0) + frame
