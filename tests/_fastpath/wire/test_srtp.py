"""SRTP through libsrtp's own pointers, against pylibsrtp's Python interface."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest
from pylibsrtp import Policy, Session

from mediad._fastpath.wire.srtp import SrtpStatus, check_streams
from tests.support.imports import ROOT
from tests.support.rtp import ONE_BYTE, extension_block, packet
from tests.windows import wire as window
from tests.windows.containers import TAIL_SIZE

PROFILES = {
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
    "AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 16),
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
}
RTP = packet(b"payload", extension=extension_block(ONE_BYTE, b"\x10a"), ssrc=7)
RTCP = struct.pack("!BBHI", 0x80, 201, 1, 7)


def session(profile: str, direction: int) -> Session:
    number, key_bytes, _ = PROFILES[profile]
    return Session(Policy(key=bytes(range(key_bytes)), ssrc_type=direction, srtp_profile=number))


def outbound(profile: str) -> Session:
    return session(profile, Policy.SSRC_ANY_OUTBOUND)


def inbound(profile: str) -> Session:
    return session(profile, Policy.SSRC_ANY_INBOUND)


def call(name: str, lent: Session, data: bytes) -> tuple[int, bytes]:
    """Call with a buffer that has exactly the room that packet slots promise."""
    return window.srtp_call(name, lent, data, TAIL_SIZE)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("protect", "unprotect", "data"), [
    ("protect", "unprotect", RTP),
    ("protect_rtcp", "unprotect_rtcp", RTCP),
])  # fmt: skip
def test_both_ways_agree_with_pylibsrtp(profile: str, protect: str, unprotect: str, data: bytes) -> None:
    status, encrypted = call(protect, outbound(profile), data)
    assert status == SrtpStatus.SRTP_OK
    assert encrypted == getattr(outbound(profile), protect)(data)
    assert getattr(inbound(profile), unprotect)(encrypted) == data
    assert call(unprotect, inbound(profile), encrypted) == (SrtpStatus.SRTP_OK, data)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_tag_is_what_the_profile_says(profile: str) -> None:
    _, encrypted = call("protect", outbound(profile), RTP)
    assert len(encrypted) == len(RTP) + PROFILES[profile][2]
    assert encrypted[:20] == RTP[:20]  # header and extensions stay in the clear


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_not_authentic_is_refused_and_changes_nothing(profile: str) -> None:
    receiver = inbound(profile)
    _, encrypted = call("protect", outbound(profile), RTP)
    forged = encrypted[:-1] + bytes([encrypted[-1] ^ 1])
    assert call("unprotect", receiver, forged)[0] == SrtpStatus.SRTP_AUTH_FAIL
    assert call("unprotect", receiver, encrypted) == (SrtpStatus.SRTP_OK, RTP)


@pytest.mark.parametrize("profile", PROFILES)
def test_replays_are_told_apart(profile: str) -> None:
    sender, receiver = outbound(profile), inbound(profile)
    encrypted = [call("protect", sender, packet(sequence_number=number, ssrc=7))[1] for number in range(300)]
    assert call("unprotect", receiver, encrypted[299])[0] == SrtpStatus.SRTP_OK
    assert call("unprotect", receiver, encrypted[299])[0] == SrtpStatus.SRTP_REPLAY_FAIL
    assert call("unprotect", receiver, encrypted[298])[0] == SrtpStatus.SRTP_OK
    assert call("unprotect", receiver, encrypted[0])[0] == SrtpStatus.SRTP_REPLAY_OLD


def test_any_inbound_takes_every_ssrc() -> None:
    sender, receiver = outbound("AEAD_AES_128_GCM"), inbound("AEAD_AES_128_GCM")
    for ssrc in range(1, 20):
        data = packet(b"x", ssrc=ssrc)
        assert call("unprotect", receiver, call("protect", sender, data)[1]) == (SrtpStatus.SRTP_OK, data)


@pytest.mark.parametrize("size", range(0, 24, 3))
def test_what_is_too_short_is_refused(size: int) -> None:
    for name in ("unprotect", "unprotect_rtcp"):
        data = b"\x80\xc8" + bytes(size)
        assert call(name, inbound("AEAD_AES_128_GCM"), data)[0] != SrtpStatus.SRTP_OK


def test_sequence_numbers_wrap() -> None:
    """The rollover counter is libsrtp's: 70 000 packets of one stream are past 2^16."""
    assert window.srtp_protect_many(outbound("AEAD_AES_128_GCM"), RTP, 70_000) == 70_000


def test_only_sessions_are_lent() -> None:
    lent = outbound("AEAD_AES_128_GCM")
    assert window.session_pointer(lent) == window.session_pointer(lent) != 0
    assert window.session_pointer(lent) != window.session_pointer(outbound("AEAD_AES_128_GCM"))
    with pytest.raises(TypeError, match=r"expected a pylibsrtp\.Session, got bytes"):
        window.session_pointer(b"session")


OTHER_LIBSRTP = """
import cffi
from pylibsrtp import _binding

class OtherFFI:
    # libsrtp 3: the packet functions take separate input and output buffers.
    def addressof(self, lib, name):
        return _binding.ffi.addressof(lib, name)
    def typeof(self, pointer):
        return cffi.FFI().typeof("int(*)(void *, void *, size_t, void *, size_t *, size_t)")
    def getctype(self, found):
        return cffi.FFI().getctype(found)
    def cast(self, *_):
        raise SystemError("cast before the check")

_binding.ffi, real = OtherFFI(), _binding.ffi
import mediad._fastpath.wire.srtp
"""


def test_another_libsrtp_is_refused_at_import() -> None:
    program = OTHER_LIBSRTP.replace("_binding.ffi.addressof", "real.addressof")
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    message = result.stderr.splitlines()[-1]
    assert message.startswith("ImportError: pylibsrtp 1.0.0: srtp_protect has the C type 'int(*)(void *")
    assert message.endswith("mediad needs 'srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)'")


def test_a_library_that_keeps_streams_otherwise_is_refused() -> None:
    """A library could keep a stream for a forged packet, or all for ever: its list would have no limit."""

    class KeepsNone(Session):
        def unprotect(self, packet: bytes) -> bytes:
            return packet

    check_streams()
    with pytest.raises(ImportError, match=r"keeps streams in another way .*gave \[13, 13, 13, 13\]"):
        check_streams(KeepsNone)
