from __future__ import annotations

from mediad.protocols.ice_paths import CheckMemory, Path, PathState


def test_checks_are_remembered_for_a_while() -> None:
    memory = CheckMemory()
    marks = [number.to_bytes(20, "little") for number in range(600)]
    assert not any(memory.is_replay(mark) for mark in marks)
    assert all(memory.is_replay(mark) for mark in marks[-512:])
    assert not memory.is_replay(marks[0])


def test_what_lies_across_two_remembered_checks_is_none() -> None:
    memory = CheckMemory()
    memory.is_replay(b"aaaaaabbbbbb")
    memory.is_replay(b"ccccccdddddd")
    assert not memory.is_replay(b"bbbbbbcccccc")
    assert memory.is_replay(b"bbbbbbcccccc")


def test_a_path_was_alive_when_it_was_checked_or_heard() -> None:
    state = PathState(checked_us=5, heard_us=7, excused_us=9)
    assert (state.alive_us, state.consent_from_us) == (7, 9)
    state.excused_us = 100_000_000
    assert state.consent_from_us == 14_000_007  # dropped checks may be recorded ones
    state.spared_us = 50_000_000
    assert state.consent_from_us == 50_000_000


def test_three_times_what_came_until_it_is_proven() -> None:
    state = PathState(checked_us=0, received_bytes=100)
    assert [state.allows(150), state.allows(150), state.allows(1)] == [True, True, False]
    state.proven = True
    assert state.allows(10_000)


def test_a_path_tells_its_protocol_and_the_socket_it_came_by() -> None:
    datagrams, connection = Path(3, "192.0.2.1", 4000), Path(1 << 16 | 4, "192.0.2.1", 4000)
    assert (datagrams.protocol, datagrams.lent_socket) == ("udp", 3)
    assert (connection.protocol, connection.lent_socket) == ("tcp", 4)
