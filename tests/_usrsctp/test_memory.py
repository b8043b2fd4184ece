"""The memory that the messages of all associations share."""

from __future__ import annotations

from mediad._usrsctp.association import SctpStack
from mediad.protocols.sctp_events import SendReady
from tests.support import sctp_packets as p
from tests.support.sctp import START_US, Pair


def test_many_who_make_us_keep_more_share_one_memory() -> None:
    memory_bytes, peers = 8 << 20, 12
    stack = SctpStack(START_US, memory_bytes=memory_bytes)
    try:
        attacks = [Pair(stack).connect() for _ in range(peers)]
        idle = [attack.far.association.memory_bytes for attack in attacks]
        for n in range(6000):
            for attack in attacks:
                target, tsn = p.numbers(attack.far.packets), p.numbers(attack.near.packets).tsn
                crumb = p.packet(target.tag, p.data(tsn + n, flags=p.FIRST if n == 0 else 0))
                attack.far.association.receive_datagram(crumb, attack.now_us)
        kept = [attack.far.association.memory_bytes for attack in attacks]
        assert sum(kept) - sum(idle) < memory_bytes
        assert sum(bytes_ > 0 for bytes_ in kept) < peers, "some have lost their association"
        for attack in attacks:
            list(attack.far.drain())
        others = Pair(stack).connect()
        assert others.send(bytes(100_000))
        others.run(1_000_000)
        assert len(others.far.messages) == 1
    finally:
        stack.close()


def test_messages_to_many_who_take_none_share_one_memory() -> None:
    memory_bytes, peers = 4 << 20, 40
    stack = SctpStack(START_US, memory_bytes=memory_bytes)
    try:
        slow = [Pair(stack).connect() for _ in range(peers)]
        idle = [pair.near.association.memory_bytes for pair in slow]
        for pair in slow:
            pair.near.arrives = lambda packet: []
        for _ in range(400):
            for pair in slow:
                pair.send(bytes(1000))
                list(pair.near.drain())
        used = [pair.near.association.memory_bytes for pair in slow]
        assert sum(used) - sum(idle) < memory_bytes
        assert max(used) < 2 * min(used)
        quick = Pair(stack)
        quick.now_us = slow[0].now_us
        quick.connect()
        for _ in range(10):
            assert quick.send(bytes(20_000))
            quick.run(100_000)
        assert len(quick.far.messages) == 10
        slow[0].near.arrives = lambda packet: [packet]
        slow[0].now_us = quick.now_us
        slow[0].run(60_000_000)
        assert SendReady() in slow[0].near.events
    finally:
        stack.close()
