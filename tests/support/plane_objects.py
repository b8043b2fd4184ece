"""Objects of the media path as a MediaPlane opens them, with observers that only remember."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from mediad.protocols.ice import IceParameters
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.media.plane import Codec, ExtensionKind, MediaPlane
from tests.support.worker_objects import OPTIONS

PATH = Path(3, "198.51.100.7", 5004)


def keys(profile: SrtpProfile, fill: int = 1) -> bytes:
    return bytes([fill]) * (profile.key_length + profile.salt_length)


def open_transport(plane: MediaPlane, observer: Any = None) -> int:
    return plane.open_transport(
        observer or Mock(),
        OPTIONS,
        credentials=IceParameters("ours", "password"),
        rtcp_ssrc=5,
    )


def open_producer(plane: MediaPlane, transport: int, observer: Any = None, **changes: Any) -> int:
    parameters = {
        "video": True,
        "mid": b"0",
        "paused": False,
        "codecs": [(96, 97, 101, Codec.CODEC_VP8, 90000)],
        "encodings": [(1111, 0, b"")],
        "extensions": {ExtensionKind.EXT_MID: 4},
        "nack": True,
        "pli": True,
        "fir": True,
        "transport_cc": True,
        "remb": False,
        "inactivity_us": 0,
        "levels": False,
    }
    return plane.open_producer(observer or Mock(), transport, **{**parameters, **changes})


def open_consumer(plane: MediaPlane, transport: int, producer: int, observer: Any = None) -> int:
    return plane.open_consumer(
        observer or Mock(),
        transport,
        producer,
        video=True,
        ssrc=7,
        rtx_ssrc=8,
        codecs=[(101, 102)],
        clock_rate=90000,
        mid=b"0",
        cname=b"c",
        extensions={},
        nack=True,
        ignore_dtx=False,
        paused=False,
        target=0,
        first_sequence_number=1,
        first_timestamp=1,
        first_rtx_sequence_number=1,
    )
