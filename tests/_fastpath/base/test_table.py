"""Hash tables: both kinds, compared with dict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.windows.containers import AddressTableWindow, TableWindow, hash_of

# Few keys, so that runs collide, shift and meet again; and the whole range, so that nothing is special.
KEYS = st.integers(0, 40) | st.integers(0, 2**64 - 1)
ADDRESSES = st.tuples(
    *(st.sampled_from((0, 0xFE80 << 48)), st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)),
    st.sampled_from((0, 1, 1 << 31)),
)
VALUES = st.integers(0, 0xFFFFFFFE)


class TableMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = TableWindow(1, 0x1234)
        self.addresses = AddressTableWindow(1, 0x5678)
        self.table_model: dict[int, int] = {}
        self.address_model: dict[tuple[int, ...], int] = {}

    @rule(key=KEYS, value=VALUES)
    def put(self, key: int, value: int) -> None:
        assert self.table.put(key, value)
        self.table_model[key] = value

    @rule(key=KEYS)
    def remove(self, key: int) -> None:
        self.table.remove(key)
        self.table_model.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: int) -> None:
        assert self.table.get(key) == self.table_model.get(key)

    @rule(key=ADDRESSES, value=VALUES)
    def put_address(self, key: tuple[int, ...], value: int) -> None:
        assert self.addresses.put(key, value)
        self.address_model[key] = value

    @rule(key=ADDRESSES)
    def remove_address(self, key: tuple[int, ...]) -> None:
        self.addresses.remove(key)
        self.address_model.pop(key, None)

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        assert len(self.table) == len(self.table_model)
        assert {key: self.table.get(key) for key in self.table_model} == self.table_model
        assert len(self.addresses) == len(self.address_model)
        assert {key: self.addresses.get(key) for key in self.address_model} == self.address_model


TableMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestTables = TableMachine.TestCase


def test_it_grows_and_stays_at_most_half_full() -> None:
    table = TableWindow(4, 7)
    for key in range(10_000):
        assert table.put(key << 32, key)
        assert table.cells >= 2 * len(table)
    assert all(table.get(key << 32) == key for key in range(10_000))
    assert table.get(10_000 << 32) is None
    for key in range(0, 10_000, 2):
        table.remove(key << 32)
    assert [table.get(key << 32) for key in range(10_000)] == [
        None if key % 2 == 0 else key for key in range(10_000)
    ]


def test_many_addresses_of_one_host() -> None:
    addresses = AddressTableWindow(4, 7)
    keys = [(0, 0xFFFF_C000_0201, port, socket) for port in range(3000) for socket in range(2)]
    for value, key in enumerate(keys):
        assert addresses.put(key, value)
    assert [addresses.get(key) for key in keys] == list(range(len(keys)))
    for key in keys[::3]:
        addresses.remove(key)
    assert [addresses.get(key) for key in keys[::3]] == [None] * len(keys[::3])
    assert [addresses.get(key) for key in keys[1::3]] == list(range(1, len(keys), 3))


@given(st.binary(max_size=64), st.integers(0, 2**64 - 1))
def test_hashes_depend_on_bytes_length_and_seed(data: bytes, seed: int) -> None:
    assert hash_of(data, seed) == hash_of(bytes(bytearray(data)), seed)
    assert hash_of(data, seed) != hash_of(data + b"\0", seed)
    assert hash_of(data, seed) != hash_of(data, seed ^ 1)
    if data:
        assert hash_of(data, seed) != hash_of(data[:-1] + bytes([data[-1] ^ 1]), seed)


def test_hashes_of_like_names_are_apart() -> None:
    hashes = {hash_of(f"user{number:08}".encode(), 99) for number in range(50_000)}
    assert len(hashes) == 50_000
    assert len({value & 0xFFFF for value in hashes}) > 30_000  # 2^16 * (1 - 1/e^0.76) = 35 000 expected
