"""The path that an ICE agent selects for media, and the proof that the client receives there."""

from __future__ import annotations

from mediad.protocols.ice import (
    PathAdded,
    PathChecked,
    PathSelected,
)
from tests.support.ice import CAFE, HOME, SECOND_US, check, events_of, new_agent, request


def test_each_check_of_a_known_path_is_told() -> None:
    agent = new_agent()
    check(agent)
    agent.receive_datagram(request(agent.parameters), HOME, 1)
    assert events_of(agent) == [PathChecked(HOME)]


def test_checks_without_nomination_move_media_off_a_silent_path() -> None:
    """A NAT gave the client another port, and it nominates once only: aioice, renominating clients."""
    agent = new_agent(consent_timeout_us=20 * SECOND_US)
    check(agent, HOME, 0, nominate=True)
    agent.path_proven(HOME, 0)
    assert check(agent, CAFE, 5 * SECOND_US) == [PathAdded(CAFE)]
    assert check(agent, CAFE, 10 * SECOND_US) == [PathSelected(CAFE)]


def test_media_on_the_selected_path_keeps_it_selected() -> None:
    agent = new_agent(consent_timeout_us=20 * SECOND_US)
    check(agent, HOME, 0, nominate=True)
    for second in range(1, 60):
        data = request(agent.parameters)
        agent.receive_datagram(data, CAFE, second * SECOND_US, selected_heard_us=second * SECOND_US - 1)
        agent.datagrams_to_send()
    assert agent.selected == HOME
    for second in range(60, 67):
        check(agent, CAFE, second * SECOND_US)
    assert agent.selected == CAFE


def test_media_moves_sooner_to_a_path_that_media_came_from() -> None:
    agent = new_agent()
    check(agent, HOME, 0, nominate=True)
    agent.path_proven(HOME, 0)
    check(agent, CAFE, SECOND_US)
    agent.path_proven(CAFE, SECOND_US)
    assert check(agent, CAFE, 2 * SECOND_US) == []
    assert check(agent, CAFE, 3 * SECOND_US) == [PathSelected(CAFE, proven=True)]


def test_a_nominated_path_has_to_prove_that_it_receives() -> None:
    """One check with a forged source must not point a stream at a third party."""
    agent = new_agent()
    check(agent, HOME, 0, nominate=True)
    agent.path_proven(HOME, 0)
    assert check(agent, CAFE, 1, nominate=True) == [PathAdded(CAFE)]
    for second in range(1, 3600, 2):
        check(agent, HOME, second * SECOND_US)
        if (due := agent.get_timer()) is not None and due <= second * SECOND_US:
            agent.handle_timer(second * SECOND_US)
    assert agent.selected == HOME


def test_a_nominated_path_is_selected_when_media_comes_from_it() -> None:
    agent = new_agent()
    check(agent, HOME, 0, nominate=True)
    agent.path_proven(HOME, 0)
    check(agent, CAFE, 1, nominate=True)
    agent.path_proven(CAFE, 2)
    assert events_of(agent) == [PathSelected(CAFE, proven=True)]


def test_a_forged_check_before_the_true_ones_holds_nothing() -> None:
    agent = new_agent(consent_timeout_us=20 * SECOND_US)
    check(agent, CAFE, 0, nominate=True)
    check(agent, HOME, SECOND_US)
    check(agent, HOME, 8 * SECOND_US)
    assert agent.selected == HOME


def test_back_to_the_proven_path_when_it_speaks_again() -> None:
    agent = new_agent()
    check(agent, HOME, 0, nominate=True)
    agent.path_proven(HOME, 0)
    check(agent, CAFE, 8 * SECOND_US)
    assert agent.selected == CAFE
    assert check(agent, HOME, 9 * SECOND_US) == [PathSelected(HOME, proven=True)]


def test_what_may_be_sent_to_a_path_that_proved_nothing_is_bounded() -> None:
    agent = new_agent()
    data = request(agent.parameters)
    agent.receive_datagram(data, HOME, 0)
    [(reply, _)] = agent.datagrams_to_send()
    assert not agent.may_send(HOME, 3 * len(data) - len(reply) + 1)
    assert agent.may_send(HOME, 3 * len(data) - len(reply))
    assert not agent.may_send(HOME, 1)
    assert not agent.may_send(CAFE, 1)
    agent.bytes_received(HOME, 10)
    assert agent.may_send(HOME, 30)
    assert not agent.may_send(HOME, 1)
    agent.path_proven(HOME, 0)
    assert agent.may_send(HOME, 10**9)


def test_a_replayed_check_from_elsewhere_moves_nothing() -> None:
    agent = new_agent()
    replayed = request(agent.parameters, nominate=True)
    agent.receive_datagram(replayed, HOME, 0)
    agent.datagrams_to_send()
    events_of(agent)
    agent.receive_datagram(replayed, CAFE, SECOND_US)
    assert (agent.datagrams_to_send(), events_of(agent)) == ([], [])
    assert agent.dropped["replayed"] == 1


def test_a_repeated_check_is_answered_but_renews_nothing() -> None:
    agent = new_agent()
    data = request(agent.parameters, nominate=True)
    for now_us in (0, 29 * SECOND_US):
        agent.receive_datagram(data, HOME, now_us)
        assert len(agent.datagrams_to_send()) == 1
    assert agent.get_timer() == 30 * SECOND_US


def test_consent_lives_on_media_and_on_checks_that_were_dropped() -> None:
    agent = new_agent(consent_timeout_us=20 * SECOND_US)
    check(agent, HOME, 0, nominate=True)
    assert agent.paths_due(20 * SECOND_US - 1) == []
    assert agent.paths_due(20 * SECOND_US) == [HOME]
    agent.path_reported(HOME, 15 * SECOND_US, 0)
    agent.handle_timer(20 * SECOND_US)
    assert agent.get_timer() == 35 * SECOND_US
    agent.path_reported(HOME, 0, 33 * SECOND_US)
    agent.handle_timer(35 * SECOND_US)
    assert agent.get_timer() == 49 * SECOND_US
    agent.path_reported(HOME, 15 * SECOND_US, 33 * SECOND_US)
    agent.handle_timer(49 * SECOND_US)
    assert agent.state == "disconnected"
