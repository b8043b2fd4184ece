"""Attacks on the media port over UDP: STUN, DTLS, RTP, RTCP, from anywhere and from the call's address."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable, Iterable

from mediad.protocols.certificate import Fingerprint
from mediad.protocols.dtls.endpoint import DtlsEndpoint
from tests.attack import flood
from tests.attack.attack import Attack, Run
from tests.attack.target import Outcome, Target
from tests.support.media_peer import CERTIFICATE
from tests.support.rtp import packet
from tests.support.stun import binding_request, message

Packets = Callable[[Target], Iterable[bytes]]
_COUNT = 2000
"""The different packets of an attack, which are sent again and again."""


def from_anywhere(packets: Packets, rate: float = 0) -> Run:
    """Send from another forged address each time where that may be, else from ports of one address."""

    def run(target: Target, seconds: float) -> Outcome:
        if flood.may_forge():
            return flood.forged(target.media, packets(target), seconds, rate=rate)
        return flood.own(target.media, packets(target), seconds, rate=rate)

    return run


def from_own(packets: Packets, rate: float = 0) -> Run:
    """Send from ports of the attacker's own address, where answers are counted."""
    return lambda target, seconds: flood.own(target.media, packets(target), seconds, rate=rate)


def from_the_call(packets: Packets, rate: float = 0) -> Run:
    """Send from the address of the call's sender, forged."""
    return lambda target, seconds: flood.forged(
        target.media, packets(target), seconds, source=target.client, rate=rate
    )


def _unknown(target: Target) -> Iterable[bytes]:
    for _ in range(_COUNT):
        yield binding_request(f"{os.urandom(8).hex()}:them", "p" * 32, transaction=os.urandom(12))


def _bad_integrity(target: Target) -> Iterable[bytes]:
    for _ in range(_COUNT):
        yield binding_request(f"{target.server_fragment}:them", "p" * 32, transaction=os.urandom(12))


def _stun_junk(target: Target) -> Iterable[bytes]:
    rng = random.Random(1)
    for _ in range(_COUNT):
        good = binding_request(f"{target.server_fragment}:them", "p" * 32, transaction=os.urandom(12))
        changed = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        changed[0] = 0
        yield bytes(changed)
    yield message(0x0001, [], os.urandom(12))


def _hellos(target: Target) -> Iterable[bytes]:
    """ClientHellos of many clients, each with a random value of its own."""
    for _ in range(200):
        endpoint = DtlsEndpoint(CERTIFICATE)
        endpoint.set_remote_fingerprints([Fingerprint(algorithm="sha-256", value=":".join(["AA"] * 32))])
        endpoint.start("client", 0)
        yield from endpoint.datagrams_to_send()


def _fragments(target: Target) -> Iterable[bytes]:
    """First pieces of hellos that never end, and pieces without content (RFC 6347 section 4.2.3)."""
    rng = random.Random(2)
    for number in range(_COUNT):
        size = 0 if number % 2 else rng.randrange(1, 400)
        total = rng.choice([size, 65_000, 0xFFFFFF])
        body = struct.pack("!B", rng.choice([1, 2, 11, 16])) + total.to_bytes(3, "big")
        body += (
            struct.pack("!H", rng.randrange(4))
            + rng.randrange(2000).to_bytes(3, "big")
            + size.to_bytes(3, "big")
        )
        body += rng.randbytes(size)
        yield struct.pack("!BHHHLH", 22, 0xFEFF, 0, 0, number, len(body)) + body


def _rtp_garbage(target: Target) -> Iterable[bytes]:
    rng = random.Random(3)
    for number in range(_COUNT):
        yield packet(
            rng.randbytes(rng.randrange(1000)), payload_type=111, sequence_number=number, ssrc=target.ssrc
        )
        yield bytes([0x80 | rng.randrange(64), rng.randrange(192)]) + rng.randbytes(rng.randrange(100))


def _wrong_ssrc(target: Target) -> Iterable[bytes]:
    rng = random.Random(4)
    for number in range(_COUNT):
        yield packet(rng.randbytes(200), payload_type=111, sequence_number=number, ssrc=rng.randrange(2**32))


def _replay(target: Target) -> Iterable[bytes]:
    return [bytes.fromhex(data) for data in target.recorded]


def _rtcp_garbage(target: Target) -> Iterable[bytes]:
    rng = random.Random(5)
    for _ in range(_COUNT):
        kind, words = rng.randrange(192, 224), rng.randrange(1, 60)
        yield struct.pack("!BBHI", 0x80 | rng.randrange(32), kind, words, target.ssrc) + rng.randbytes(
            4 * words + 14
        )


def _anything(target: Target) -> Iterable[bytes]:
    rng = random.Random(6)
    for _ in range(_COUNT):
        yield rng.randbytes(rng.randrange(1, 1400))


ATTACKS = (
    Attack("stun-unknown", "checks for transports that do not exist, from anywhere", from_anywhere(_unknown)),
    Attack(
        "stun-integrity",
        "checks for the call with a wrong password, 200 000 a second",
        from_anywhere(_bad_integrity, 200_000),
    ),
    Attack(
        "stun-answers", "the same from one address, which counts what comes back", from_own(_bad_integrity)
    ),
    Attack("stun-junk", "broken checks for the call, from anywhere", from_anywhere(_stun_junk)),
    Attack("dtls-hellos", "ClientHellos from anywhere, 10 000 a second", from_anywhere(_hellos, 10_000)),
    Attack(
        "dtls-call-hellos", "ClientHellos as if from the call's address", from_the_call(_hellos, 10_000), True
    ),
    Attack(
        "dtls-fragments",
        "pieces of handshakes as if from the call's address",
        from_the_call(_fragments, 10_000),
        True,
    ),
    Attack("rtp-strangers", "RTP from anywhere", from_anywhere(_rtp_garbage)),
    Attack(
        "rtp-garbage", "forged RTP of the call, 100 000 a second", from_the_call(_rtp_garbage, 100_000), True
    ),
    Attack(
        "rtp-replay",
        "the call's own packets once more, 100 000 a second",
        from_the_call(_replay, 100_000),
        True,
    ),
    Attack(
        "rtp-wrong-ssrc",
        "RTP of SSRCs that nobody announced, 100 000 a second",
        from_the_call(_wrong_ssrc, 100_000),
        True,
    ),
    Attack(
        "rtcp-garbage",
        "forged RTCP of the call, 100 000 a second",
        from_the_call(_rtcp_garbage, 100_000),
        True,
    ),
    Attack("udp-junk", "any bytes, from anywhere", from_anywhere(_anything)),
)
