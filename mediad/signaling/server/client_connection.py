"""One TCP connection of the front and its limits, and what all connections share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from mediad.addresses import holder_of, plain_address
from mediad.budgets.budgets import Budgets, cap_refusal
from mediad.budgets.holders import Holders, holders_at
from mediad.budgets.refusal import Refusal
from mediad.signaling.server.input_budget import InputBudget, InputLimits
from mediad.signaling.server.input_turns import InputTurns
from mediad.signaling.server.ledger import Account, Ledger
from mediad.signaling.server.proxies import Proxies
from mediad.signaling.server.recent_work import RecentWork

LINGER_S = 2.0
"""The time a refused client is still read from, so that no reset overtakes the last answer to it."""

_PACE_S = 0.005
"""The shortest time between two reads of input that is thrown away."""

logger = logging.getLogger(__name__)


def now_us() -> int:
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """The limits of one connection before its client has joined."""

    head_timeout_s: float = 10.0
    """The time from the first moment to the end of a request's head."""
    body_timeout_s: float = 10.0
    """The time from the head to the end of a request's body."""
    response_timeout_s: float = 60.0
    """The time for the client to read an answer."""
    head_bytes: int = 32 * 1024
    """The size of a request line and all headers: large cookies fit in."""
    headers: int = 128
    message_bytes_before_join: int = 64 * 1024
    """The size of a message: a join with all capabilities of a browser has 10 to 30 kB."""
    fragments: int = 1024
    """The fragments of one message."""
    message_timeout_s: float = 30.0
    """The time from the first byte of a message to its last."""
    input: InputLimits = field(default_factory=InputLimits)


class FrontState:
    """The common part of the connections of one front: the order of their turns, and the memory they hold."""

    def __init__(
        self,
        limits: FrontLimits | None = None,
        ledger: Ledger | None = None,
        budgets: Budgets | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.limits = limits or FrontLimits()
        self.ledger = ledger or Ledger()
        self.budgets = budgets or Budgets()
        """The rates of what each address and token does."""
        self.recent_work = RecentWork()
        self.proxies = proxies or Proxies()

    @cached_property
    def turns(self) -> InputTurns:
        loop = asyncio.get_running_loop()
        return InputTurns(now_us, loop.call_soon, loop.call_later)


def plain_client(client: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return a client's address and port; on a socket for both families IPv4 comes mapped to IPv6."""
    return client and (plain_address(client[0]), client[1])


class ClientConnection:
    """One connection, from its acceptance to its end, whichever protocol is spoken on it."""

    def __init__(self, front_state: FrontState) -> None:
        self.front_state = front_state
        self.limits = front_state.limits
        self.turns = front_state.turns
        self.budget = InputBudget(front_state.limits.input)
        self.account: Account = front_state.ledger.open(lambda: None)
        self.on_lost: Callable[[], None] = lambda: None
        """A function that is called once the connection has ended."""
        self.on_stopping: Callable[[], None] = lambda: None
        """A function that is called when the server is about to stop; a held answer can be given then."""
        self.address = "?"
        self.told_client: tuple[str, int] | None = None
        """The client's address and port where a proxy told them before the first byte (PROXY protocol)."""
        self.holders: Holders = ()
        """The holders that are charged for what the client sends: its address, and its token."""
        self.on_client: Callable[[str], Refusal | None] = lambda address: None
        """A function that is called with the address of the client behind a proxy; it may refuse it."""
        self._transport: asyncio.Transport | None = None
        self._reading = True

    def made(self, transport: asyncio.Transport, client: tuple[str, int] | None) -> None:
        self._transport = transport
        self.address = client[0] if client else "a local socket"
        self.holders = holders_at(client[0] if client else None)

    @property
    def _holder(self) -> str:
        return self.holders[0][0] if self.holders else self.address

    def charge(self, cost_us: float, at_us: int) -> None:
        """Charge work that the client causes, to its connection and to its address."""
        self.budget.charge(int(cost_us), at_us)
        self.front_state.recent_work.charge(self._holder, cost_us, at_us)

    def address_used_us(self, at_us: int) -> float:
        return self.front_state.recent_work.used_us(self._holder, at_us)

    def sends_too_much(self, at_us: int) -> Refusal:
        """Note that the client has sent more than its budget for longer than it may, and say so."""
        used_ms, burst_ms = self.budget.used_us(at_us) / 1000, self.limits.input.burst_us / 1000
        return self._refused("connection_input", used_ms, burst_ms)

    def holds_too_much(self) -> Refusal:
        """Note that the connection is closed so that others have memory, and say so."""
        ledger = self.front_state.ledger
        return self._refused("front_memory", ledger.held_bytes / 1024, ledger.limit_bytes / 1024)

    def _refused(self, name: str, current: float, maximum: float) -> Refusal:
        refusal = cap_refusal(name, current, maximum, holder_of(self.address))
        return self.front_state.budgets.refuse(refusal)

    def belongs_to(self, address: str) -> Refusal | None:
        """Count the connection for the client at `address`, behind the proxy.

        Returns a refusal when it has too many.
        """
        self.address = address
        return self.on_client(address)

    def lost(self) -> None:
        """Note that the connection has ended, or was never made. Calling it again changes nothing."""
        self.account.close()
        on_lost, self.on_lost = self.on_lost, lambda: None
        on_lost()

    def log(self, reason: str, *arguments: object) -> None:
        """Log, for operators, what this client did, or did not do."""
        logger.info("client %s: " + reason, self.address, *arguments)

    # -- reading -------------------------------------------------------------------------------------------

    def read(self, wanted: bool) -> None:
        """Read the client's input, or leave it in the socket, which in the end stops the client's sending."""
        transport = self._transport
        if transport is None or transport.is_closing() or wanted is self._reading:
            return
        self._reading = wanted
        if wanted:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def discard_input(self) -> None:
        """Read input that is not wanted, slowly, and drop it: so that no reset is sent."""
        self.read(False)
        asyncio.get_running_loop().call_later(_PACE_S, self.read, True)

    def linger(self, delay_s: float = LINGER_S) -> asyncio.TimerHandle:
        """End our half of the connection now, and all of it if the client has not ended its half by then."""
        transport = self._transport
        assert transport is not None
        if transport.can_write_eof():
            transport.write_eof()
        self.read(True)
        return asyncio.get_running_loop().call_later(delay_s, transport.abort)
