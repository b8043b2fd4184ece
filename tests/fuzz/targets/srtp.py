"""SRTP and SRTCP that nobody with the key has made: refused, whatever it is, and never read beyond its end.

An input is a byte that chooses profile and kind, and the packet. The other direction takes the packet as what
is to be protected, as the engine does with what it forwards.
"""

from __future__ import annotations

from pylibsrtp import Policy, Session

from tests.fuzz.target import Take, Target
from tests.support.rtp import ONE_BYTE, extension_block, packet
from tests.windows import wire as window

ROOM = 144
PROFILES = (
    (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
    (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
)
RTP = packet(b"payload" * 9, extension=extension_block(ONE_BYTE, b"\x10a"), ssrc=7)
RTCP = b"\x81\xc9\0\7" + bytes(28)


def session(number: int, direction: int) -> Session:
    profile, key_bytes = PROFILES[number]
    return Session(Policy(key=bytes(range(key_bytes)), ssrc_type=direction, srtp_profile=profile))


def seeds() -> list[bytes]:
    found = []
    for number in range(len(PROFILES)):
        theirs = session(number, Policy.SSRC_ANY_OUTBOUND)
        found += [
            bytes([2 * number]) + theirs.protect(RTP),
            bytes([2 * number + 1]) + theirs.protect_rtcp(RTCP),
        ]
    return [*found, bytes([6]) + RTP, bytes([7]) + RTCP]


def make() -> Take:
    inbound = [session(number, Policy.SSRC_ANY_INBOUND) for number in range(len(PROFILES))]
    outbound = [session(number, Policy.SSRC_ANY_OUTBOUND) for number in range(len(PROFILES))]

    def take(data: bytes) -> None:
        choice, content = data[0] if data else 0, data[1:1500]
        number = choice // 2 % len(PROFILES)
        name = "unprotect_rtcp" if choice & 1 else "unprotect"
        status, plain = window.srtp_call(name, inbound[number], content, ROOM)
        assert status or len(plain) <= len(content)
        if len(content) >= 12 and content[0] >> 6 == 2:
            window.srtp_call("protect_rtcp" if choice & 1 else "protect", outbound[number], content, ROOM)

    return take


TARGET = Target("srtp", seeds(), make, objects=("_fastpath/wire/srtp.pyx",))
