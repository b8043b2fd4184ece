"""ICE as strangers see it: what proves nothing changes nothing, and brings out no more than came in."""

from __future__ import annotations

from aioice import stun

from mediad.protocols.ice import IceLiteAgent
from mediad.protocols.ice_paths import Path
from tests.fuzz.target import Take, Target


def seeds() -> list[bytes]:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction_id=bytes(12))
    request.attributes["USERNAME"] = "ours:theirs"
    request.attributes["PRIORITY"] = 1853824767
    request.attributes["ICE-CONTROLLING"] = 81985529216486895
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(b"password")
    indication = stun.Message(stun.Method.BINDING, stun.Class.INDICATION, transaction_id=bytes(12))
    return [bytes(request), bytes(indication)]


def make() -> Take:
    agent = IceLiteAgent(consent_timeout_us=20_000_000)
    path = Path(0, "192.0.2.1", 4000)
    now_us = 1_000_000

    def take(data: bytes) -> None:
        nonlocal now_us
        now_us += 200_000
        agent.receive_datagram(data, path, now_us)
        assert agent.next_event() is None, "an event without an authentic request"
        assert sum(len(reply) for reply, _ in agent.datagrams_to_send()) <= len(data)

    return take


TARGET = Target("ice", seeds(), make, ("protocols/stun.py",))
