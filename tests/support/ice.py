"""ICE checks as a peer sends them, and an agent's answers."""

from __future__ import annotations

from typing import Any

from mediad.protocols.ice import IceEvent, IceLiteAgent, IceParameters, PathChecked
from mediad.protocols.ice_paths import Path
from tests.support import stun

HOME, CAFE = Path(0, "192.0.2.1", 5000), Path(0, "198.51.100.2", 6000)
SECOND_US = 1_000_000


def new_agent(consent_timeout_us: int = 30 * SECOND_US, **limits: int) -> IceLiteAgent:
    """An agent that nobody has asked anything."""
    return IceLiteAgent(consent_timeout_us=consent_timeout_us, **limits)


def request(parameters: IceParameters, **options: Any) -> bytes:
    return stun.binding_request(f"{parameters.username_fragment}:peer", parameters.password, **options)


def events_of(agent: IceLiteAgent) -> list[IceEvent]:
    return list(iter(agent.next_event, None))


def check(
    agent: IceLiteAgent,
    path: Path = HOME,
    now_us: int = 0,
    parameters: IceParameters | None = None,
    **options: Any,
) -> list[IceEvent]:
    """Send one valid check, answered on its path. Gives the events but those told of each check."""
    parameters = parameters or agent.parameters
    agent.receive_datagram(request(parameters, **options), path, now_us)
    [(reply, reply_path)] = agent.datagrams_to_send()
    assert reply_path == path
    assert reply[:2] == b"\x01\x01"
    assert stun.is_signed(reply, parameters.password)
    return [event for event in events_of(agent) if not isinstance(event, PathChecked)]


def refusal(agent: IceLiteAgent, data: bytes, now_us: int = 0) -> bytes:
    """The single error answer to `data`, which must have changed nothing."""
    agent.receive_datagram(data, CAFE, now_us)
    [(reply, path)] = agent.datagrams_to_send()
    assert path == CAFE
    assert events_of(agent) == []
    return reply


def ignored(agent: IceLiteAgent, data: bytes, now_us: int = 0) -> None:
    """Send `data`, which must change nothing and get no answer."""
    agent.receive_datagram(data, CAFE, now_us)
    assert (agent.datagrams_to_send(), events_of(agent)) == ([], [])
