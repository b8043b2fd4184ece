from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.protocols.dtls.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    Fragment,
    Record,
    clear_record,
    fragments_of,
    handshake_record,
    pack_datagrams,
    renumbered,
    split_records,
)
from tests.support.dtls import record

HELLO = Fragment(1, 60, 0, 0, b"\xfe\xfd" + bytes(range(32)) + bytes(26))

records = st.builds(
    record,
    st.sampled_from([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA]),
    st.integers(0, 3),
    st.binary(min_size=1, max_size=300),
    st.integers(0, 2**48 - 1),
)


@given(st.lists(records, max_size=8), st.integers(313, 1200))
def test_packing_and_splitting_give_the_records_back(items: list[Record], mtu: int) -> None:
    datagrams = pack_datagrams(items, mtu)
    assert [item for datagram in datagrams for item in split_records(datagram)] == items
    assert all(len(datagram) <= mtu for datagram in datagrams)
    for one, next_one in itertools.pairwise(datagrams):
        assert len(one) + len(split_records(next_one)[0].data) > mtu


@pytest.mark.parametrize(
    "tail",
    [
        b"\x16",
        b"\x16\xfe\xfd" + bytes(9),
        record(19, 0, b"x").data,
        record(24, 0, b"x").data,
        record(HANDSHAKE, 0, b"").data,
        record(HANDSHAKE, 0, b"xyz").data[:-1],
        b"\x16\x03\x03" + record(HANDSHAKE, 0, b"x").data[3:],
        record(APPLICATION_DATA, 1, bytes(2**14 + 257)).data,
    ],
)
def test_a_malformed_record_ends_the_datagram(tail: bytes) -> None:
    good = record(HANDSHAKE, 0, b"good")
    assert split_records(good.data + tail) == [good]
    assert split_records(tail) == []


def test_renumbering_changes_only_the_number() -> None:
    item = record(HANDSHAKE, 0, b"payload", 5)
    assert renumbered(item, 2**40) == record(HANDSHAKE, 0, b"payload", 2**40)


def test_a_clear_record_is_written_as_it_is_read() -> None:
    assert clear_record(ALERT, b"\x02\x28", 7) == record(ALERT, 0, b"\x02\x28", 7)
    assert split_records(handshake_record(HELLO, 9).data) == [handshake_record(HELLO, 9)]


def test_fragments_are_read_one_after_the_other() -> None:
    other = Fragment(11, 900, 3, 250, b"certificate")
    both = Record(HANDSHAKE, 0, handshake_record(HELLO).data + handshake_record(other).payload)
    assert fragments_of(both) == [HELLO, other]
    empty = Fragment(14, 0, 4, 0, b"")
    assert fragments_of(handshake_record(empty)) == [empty]


@pytest.mark.parametrize(
    "fragment",
    [
        Fragment(11, 10, 0, 0, b""),
        Fragment(11, 10, 0, 8, b"abc"),
        Fragment(11, 2, 0, 0, b"abc"),
    ],
)
def test_fragments_outside_their_message_are_refused(fragment: Fragment) -> None:
    assert fragments_of(handshake_record(fragment)) is None


@pytest.mark.parametrize("cut", [1, 11, 12, 40])
def test_fragments_cut_short_are_refused(cut: int) -> None:
    payload = handshake_record(HELLO).payload[:cut]
    assert fragments_of(record(HANDSHAKE, 0, payload)) is None


@given(st.binary(max_size=400))
def test_junk_is_taken_calmly(junk: bytes) -> None:
    for item in [*split_records(junk), record(HANDSHAKE, 0, junk + b"\x00")]:
        fragments_of(item)
