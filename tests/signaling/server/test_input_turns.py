"""Turns of connections with input, in fake time and a fake loop."""

from __future__ import annotations

from collections.abc import Callable

from mediad.signaling.server.input_turns import REST, TURN_US, InputTurns


class Loop:
    """Callbacks and a clock that moves only by work and waiting."""

    def __init__(self) -> None:
        self.now_us = 0
        self._soon: list[Callable[[], None]] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        self.turns = 0

    def soon(self, call: Callable[[], None]) -> None:
        self._soon.append(call)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        self._later.append((self.now_us + delay_s * 1e6, call))

    def turn(self) -> None:
        """One turn of the loop; it waits when there is nothing to do."""
        self.turns += 1
        if not self._soon and self._later:
            self.now_us = max(self.now_us, int(min(at for at, _ in self._later)) + 1)
        due = [call for at, call in self._later if at <= self.now_us]
        self._later = [(at, call) for at, call in self._later if at > self.now_us]
        calls, self._soon = [*due, *self._soon], []
        for call in calls:
            call()

    def run(self, turns: int) -> None:
        for _ in range(turns):
            self.turn()


class Client:
    """Has so many portions of input, each of which costs the same."""

    def __init__(
        self, loop: Loop, turns: InputTurns, portions: int, cost_us: int = 1000, light_us: int = 10_000
    ) -> None:
        self._loop, self._turns = loop, turns
        self.portions, self._cost_us, self._light_us = portions, cost_us, light_us
        self.used, self.address_used, self.done_in_turn = 0, 0, 0
        self.done_us: int | None = None

    def used_us(self, now_us: int) -> float:
        return self.used

    def address_used_us(self, now_us: int) -> float:
        return self.address_used

    def is_light(self, now_us: int) -> bool:
        return self.used < self._light_us

    def take_turn(self, now_us: int) -> int:
        self._loop.now_us += self._cost_us
        self.used += self._cost_us
        self.portions -= 1
        if self.portions:
            self._turns.ask(self)
        else:
            self.done_us, self.done_in_turn = self._loop.now_us, self._loop.turns
        return self._cost_us


def setup() -> tuple[Loop, InputTurns]:
    loop = Loop()
    return loop, InputTurns(lambda: loop.now_us, loop.soon, loop.later)


def test_one_turn_of_the_loop_is_bounded_whatever_there_is_to_do() -> None:
    loop, turns = setup()
    for _ in range(100):
        turns.ask(Client(loop, turns, 10))
    before_us = loop.now_us
    loop.turn()
    assert loop.now_us - before_us <= TURN_US + 1000


def test_a_newcomer_goes_before_a_hundred_who_flood() -> None:
    loop, turns = setup()
    for _ in range(100):
        turns.ask(Client(loop, turns, 10**6))
    loop.run(400)
    newcomer = Client(loop, turns, 3)
    asked_us, asked_in_turn = loop.now_us, loop.turns
    turns.ask(newcomer)
    loop.run(5)
    assert newcomer.done_us is not None
    assert newcomer.done_in_turn - asked_in_turn <= 2
    assert newcomer.done_us - asked_us <= 2 * TURN_US


def test_floods_leave_most_of_the_time_to_the_rest_of_the_loop() -> None:
    loop, turns = setup()
    flooding = [Client(loop, turns, 10**6) for _ in range(10)]
    for client in flooding:
        client.used = 10**6
        turns.ask(client)
    loop.run(400)
    worked_us = sum(client.used - 10**6 for client in flooding)
    assert worked_us > 0
    assert loop.now_us >= worked_us * REST


def test_who_has_cost_more_than_was_expected_rests_for_that_too() -> None:
    loop, turns = setup()
    light, heavy = Client(loop, turns, 2), Client(loop, turns, 2)
    heavy.used = 10**6
    turns.worked(light, 50_000, loop.now_us)
    turns.worked(heavy, 50_000, loop.now_us)
    for client in (light, heavy):
        turns.ask(client)
    loop.run(10)
    assert light.done_us is not None
    assert heavy.done_us is not None
    assert light.done_us < 50_000 * REST <= heavy.done_us


def test_floods_share_what_they_get() -> None:
    loop, turns = setup()
    flooding = [Client(loop, turns, 10**6) for _ in range(10)]
    for client in flooding:
        turns.ask(client)
    loop.run(1000)
    assert max(client.used for client in flooding) - min(client.used for client in flooding) <= 2000


def test_new_connections_of_a_busy_address_come_after_those_of_others() -> None:
    """Each of them has caused nothing yet; what they cost comes only after the turn."""
    loop, turns = setup()
    crowd = [Client(loop, turns, 1, cost_us=500) for _ in range(100)]
    for client in crowd:
        client.address_used = 10**6
        turns.ask(client)
    newcomer = Client(loop, turns, 1, cost_us=500)
    newcomer.used = 5_000
    turns.ask(newcomer)
    loop.turn()
    assert newcomer.done_in_turn == 1


def test_newcomers_of_ever_new_addresses_do_not_go_before_who_has_begun() -> None:
    loop, turns = setup()
    begun = Client(loop, turns, 5, cost_us=500)
    begun.used = begun.address_used = 9_000
    turns.ask(begun)
    for _ in range(40):
        for _ in range(4):
            turns.ask(Client(loop, turns, 1, cost_us=500))
        loop.turn()
    assert begun.portions == 0


def test_work_that_is_expected_later_ends_a_turn_too() -> None:
    loop, turns = setup()

    class Cheap(Client):
        def take_turn(self, now_us: int) -> int:
            super().take_turn(now_us)
            self._loop.now_us = now_us  # it costs nothing now
            return self._cost_us

    crowd = [Cheap(loop, turns, 1, cost_us=500) for _ in range(100)]
    for client in crowd:
        turns.ask(client)
    loop.turn()
    assert sum(client.portions == 0 for client in crowd) == TURN_US // 500


def test_who_is_gone_has_no_turn_and_may_ask_again() -> None:
    loop, turns = setup()
    gone, other = Client(loop, turns, 1), Client(loop, turns, 1)
    turns.ask(gone)
    turns.ask(other)
    turns.forget(gone)
    loop.run(3)
    assert (gone.portions, other.portions) == (1, 0)
    turns.ask(gone)
    turns.ask(gone)
    loop.run(3)
    assert gone.portions == 0
