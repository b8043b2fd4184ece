from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.protocols.ice import (
    IceParameters,
    PathAdded,
    PathRemoved,
    PathSelected,
    StateChanged,
    UsernameRetired,
)
from mediad.protocols.ice_paths import Path
from tests.support import stun
from tests.support.ice import CAFE, HOME, SECOND_US, check, events_of, ignored, new_agent, refusal, request


def test_credentials_are_long_and_plain() -> None:
    first, second = new_agent().parameters, new_agent().parameters
    assert first != second
    for text in (first.username_fragment, first.password):
        assert set(text) <= set(string.ascii_letters + string.digits)
    assert 16 <= len(first.username_fragment) <= 32
    assert 22 <= len(first.password) <= 256


def test_starts_new_with_nothing_to_do() -> None:
    agent = new_agent()
    assert (agent.state, agent.selected, agent.get_timer()) == ("new", None, None)
    assert (events_of(agent), agent.datagrams_to_send()) == ([], [])


def test_first_check_connects_and_selects() -> None:
    agent = new_agent()
    assert check(agent) == [PathAdded(HOME), PathSelected(HOME), StateChanged("connected")]
    assert (agent.state, agent.selected) == ("connected", HOME)
    assert check(agent) == []


def test_nominated_first_check_completes_at_once() -> None:
    agent = new_agent()
    assert check(agent, nominate=True) == [PathAdded(HOME), PathSelected(HOME), StateChanged("completed")]


def test_unnominated_second_path_is_kept_but_not_selected() -> None:
    agent = new_agent()
    check(agent)
    assert check(agent, CAFE) == [PathAdded(CAFE)]
    assert agent.selected == HOME


def test_use_candidate_moves_the_selection_each_time() -> None:
    agent = new_agent()
    check(agent, HOME)
    assert check(agent, CAFE, nominate=True) == [
        PathAdded(CAFE),
        PathSelected(CAFE),
        StateChanged("completed"),
    ]
    assert check(agent, HOME, nominate=True) == [PathSelected(HOME)]


def test_only_a_higher_nomination_moves_the_selection() -> None:
    agent = new_agent()
    assert StateChanged("completed") in check(agent, HOME, nomination=0)
    assert check(agent, CAFE, nomination=0) == [PathAdded(CAFE)]
    assert check(agent, CAFE, nomination=2, nomination_type=stun.NOMINATION) == [PathSelected(CAFE)]
    assert check(agent, HOME, nomination=1) == []
    assert check(agent, HOME, nomination=2, nominate=True) == []
    assert check(agent, HOME, nomination=3) == [PathSelected(HOME)]


def test_same_address_on_another_socket_is_another_path() -> None:
    agent = new_agent()
    check(agent, HOME)
    other = Path(7, HOME.host, HOME.port)
    assert check(agent, other, nominate=True)[:2] == [PathAdded(other), PathSelected(other)]


def test_oldest_unselected_path_is_evicted() -> None:
    agent = new_agent(max_paths=3)
    paths = [Path(0, "192.0.2.1", port) for port in range(5)]
    check(agent, paths[0], nominate=True)
    check(agent, paths[1])
    check(agent, paths[2])
    assert check(agent, paths[3]) == [PathRemoved(paths[1]), PathAdded(paths[3])]
    assert check(agent, paths[4]) == [PathRemoved(paths[2]), PathAdded(paths[4])]
    assert agent.selected == paths[0]


def test_one_path_is_not_room_enough() -> None:
    with pytest.raises(ValueError, match="newcomer"):
        new_agent(max_paths=1)


@pytest.mark.parametrize("missing", ["password", "fragment", "username", "integrity"])
def test_who_shows_no_credentials_leaves_no_trace_and_gets_no_answer(missing: str) -> None:
    agent = new_agent()
    known = agent.parameters
    name = f"{known.username_fragment}:peer".encode()
    unsigned = stun.message(1, [(stun.USERNAME, name), (0xC057, bytes(40))])
    anonymous = stun.with_integrity(stun.message(1, [(0xC057, bytes(40))]), known.password)
    data = {
        "password": request(IceParameters(known.username_fragment, "x" * 32), nominate=True),
        "fragment": request(IceParameters("somebodyElse1234", known.password)),
        "username": stun.with_fingerprint(anonymous),
        "integrity": stun.with_fingerprint(unsigned),
    }[missing]
    ignored(agent, data)
    assert (agent.state, agent.get_timer(), agent.dropped["unauthenticated"]) == ("new", None, 1)
    assert check(agent)  # the honest peer is not held up


def test_missing_priority_is_a_signed_bad_request() -> None:
    agent = new_agent()
    reply = refusal(agent, request(agent.parameters, priority=None))
    assert stun.error_code_of(reply) == 400
    assert stun.is_signed(reply, agent.parameters.password)


def test_controlled_peer_gets_a_signed_role_conflict() -> None:
    agent = new_agent()
    reply = refusal(agent, request(agent.parameters, controlled=True, nominate=True))
    assert stun.error_code_of(reply) == 487
    assert stun.is_signed(reply, agent.parameters.password)
    assert agent.state == "new"


def test_refused_requests_do_not_renew_consent() -> None:
    agent = new_agent(consent_timeout_us=10 * SECOND_US)
    check(agent, now_us=0)
    for data in (
        request(agent.parameters, controlled=True),
        request(agent.parameters, priority=None),
    ):
        refusal(agent, data, now_us=9 * SECOND_US)
    ignored(agent, request(IceParameters(agent.parameters.username_fragment, "x" * 32)), 9 * SECOND_US)
    assert agent.get_timer() == 10 * SECOND_US


def test_no_refusal_is_larger_than_its_request() -> None:
    agent = new_agent()
    known = agent.parameters
    name = f"{known.username_fragment}:".encode()
    smallest = stun.with_fingerprint(
        stun.with_integrity(stun.message(1, [(stun.USERNAME, name)]), known.password)
    )
    assert len(refusal(agent, smallest)) <= len(smallest)


@pytest.mark.parametrize("junk", [b"", b"\x00", bytes(100), b"\x16\xfe\xfd" + bytes(20), bytes(3000)])
def test_junk_is_counted_and_not_answered(junk: bytes) -> None:
    agent = new_agent()
    agent.receive_datagram(junk, HOME, 0)
    assert (agent.datagrams_to_send(), events_of(agent), agent.state) == ([], [], "new")
    assert agent.dropped.total() == 1


def test_queued_replies_are_bounded() -> None:
    agent = new_agent()
    data = request(agent.parameters)
    for _ in range(500):
        agent.receive_datagram(data, HOME, 0)
    assert len(agent.datagrams_to_send()) == 64
    assert agent.dropped["outbox-full"] == 436


def test_consent_of_each_path_expires_thirty_seconds_after_its_last_check() -> None:
    agent = new_agent()
    check(agent, HOME, now_us=0, nominate=True)
    check(agent, CAFE, now_us=4 * SECOND_US)
    assert agent.get_timer() == 30 * SECOND_US
    agent.handle_timer(30 * SECOND_US - 1)
    assert events_of(agent) == []
    agent.handle_timer(30 * SECOND_US)
    assert events_of(agent) == [PathRemoved(HOME), PathSelected(CAFE)]
    assert agent.get_timer() == 34 * SECOND_US
    agent.handle_timer(34 * SECOND_US)
    assert events_of(agent) == [PathRemoved(CAFE), StateChanged("disconnected")]
    assert (agent.selected, agent.get_timer()) == (None, None)


def test_who_slept_himself_gives_the_peer_another_chance() -> None:
    agent = new_agent()
    check(agent, HOME, now_us=0, nominate=True)
    agent.handle_timer(40 * SECOND_US)
    assert (agent.state, agent.selected) == ("completed", HOME)
    assert agent.get_timer() == 47 * SECOND_US
    agent.handle_timer(47 * SECOND_US)
    assert agent.state == "disconnected"


def test_a_peer_may_come_back_after_consent_was_lost() -> None:
    agent = new_agent()
    check(agent, HOME, nomination=5)
    agent.handle_timer(30 * SECOND_US)
    events_of(agent)
    assert check(agent, CAFE, now_us=61 * SECOND_US) == [
        PathAdded(CAFE),
        PathSelected(CAFE),
        StateChanged("connected"),
    ]
    assert check(agent, CAFE, now_us=61 * SECOND_US, nomination=1) == [StateChanged("completed")]


def test_consent_timeout_zero_means_never() -> None:
    agent = new_agent(consent_timeout_us=0)
    check(agent)
    assert agent.get_timer() is None
    agent.handle_timer(10**15)
    assert agent.state == "connected"


def test_old_credentials_serve_until_the_new_are_used() -> None:
    """Conformance 12: old credentials are accepted until the first check with the new."""
    agent = new_agent()
    old = agent.parameters
    check(agent, nominate=True)
    new = agent.restart()
    assert new == agent.parameters != old
    assert check(agent, parameters=old) == []
    assert check(agent, parameters=new) == [UsernameRetired(old.username_fragment)]
    ignored(agent, request(old))
    assert agent.state == "completed"


def test_forged_use_of_the_new_fragment_does_not_retire_the_old() -> None:
    agent = new_agent()
    old = agent.parameters
    new = agent.restart()
    ignored(agent, request(IceParameters(new.username_fragment, old.password)))
    refusal(agent, request(new, controlled=True))
    assert check(agent, parameters=old)[-1] == StateChanged("connected")


def test_nomination_counts_afresh_after_a_restart() -> None:
    agent = new_agent()
    check(agent, HOME, nomination=9)
    agent.restart()
    assert PathSelected(CAFE) in check(agent, CAFE, nomination=1)


def test_restarting_many_times_keeps_the_pair_in_use_and_the_newest() -> None:
    agent = new_agent()
    first = agent.parameters
    check(agent)
    generations = [agent.restart() for _ in range(10)]
    retired = events_of(agent)
    assert retired == [UsernameRetired(item.username_fragment) for item in generations[:-2]]
    assert check(agent, parameters=first) == []
    assert check(agent, parameters=generations[-1]) == [
        UsernameRetired(first.username_fragment),
        UsernameRetired(generations[-2].username_fragment),
    ]


def test_losing_the_selected_path_moves_to_the_newest_other() -> None:
    agent = new_agent()
    third = Path(1, "192.0.2.9", 1)
    check(agent, HOME, nominate=True)
    check(agent, CAFE)
    check(agent, third)
    agent.remove_path(CAFE)
    assert events_of(agent) == [PathRemoved(CAFE)]
    agent.remove_path(HOME)
    assert events_of(agent) == [PathRemoved(HOME), PathSelected(third)]
    agent.remove_path(third)
    assert events_of(agent) == [PathRemoved(third), StateChanged("disconnected")]
    assert agent.get_timer() is None
    agent.remove_path(third)
    assert events_of(agent) == []


def test_close_gives_everything_up_once() -> None:
    agent = new_agent()
    old = agent.parameters
    check(agent)
    new = agent.restart()
    agent.close()
    assert events_of(agent) == [
        PathRemoved(HOME),
        UsernameRetired(old.username_fragment),
        UsernameRetired(new.username_fragment),
        StateChanged("closed"),
    ]
    agent.close()
    agent.receive_datagram(request(new), HOME, 0)
    assert (events_of(agent), agent.datagrams_to_send(), agent.get_timer()) == ([], [], None)
    assert agent.dropped["closed"] == 1
    assert agent.restart() == new


def test_what_cannot_hold_two_pairs_of_credentials_is_refused() -> None:
    with pytest.raises(ValueError, match="newest"):
        new_agent(max_credentials=1)


checks = st.tuples(
    st.integers(0, 11),
    st.booleans(),
    st.none() | st.integers(0, 5),
    st.sampled_from(["check", "restart", "expire", "lose"]),
)


@given(st.lists(checks, max_size=40))
def test_events_always_describe_the_paths(steps: list[tuple[int, bool, int | None, str]]) -> None:
    agent = new_agent(max_paths=4)
    known: set[Path] = set()
    selected, now_us = None, 0
    for port, nominate, nomination, action in steps:
        path = Path(0, "192.0.2.1", port)
        now_us += SECOND_US
        match action:
            case "check":
                data = request(agent.parameters, nominate=nominate, nomination=nomination)
                agent.receive_datagram(data, path, now_us)
            case "restart":
                agent.restart()
            case "expire":
                now_us += 60 * SECOND_US
                agent.handle_timer(now_us)
            case "lose":
                agent.remove_path(path)
        for event in events_of(agent):
            match event:
                case PathAdded(added):
                    assert added not in known
                    known.add(added)
                case PathRemoved(removed):
                    known.remove(removed)
                    selected = None if removed == selected else selected
                case PathSelected(chosen):
                    assert chosen in known
                    selected = chosen
        assert len(known) <= 4
        assert agent.selected == selected
        assert (selected is not None) == bool(known)
        assert (agent.state in ("connected", "completed")) == bool(known)
