"""Addresses: what is none is refused, and what is one comes back as it went in."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import DtlsReceived
from tests.support import engine as e


@pytest.mark.parametrize("address", [("10.0.0.1", 0), ("10.0.0.1", 70_000)])
def test_a_port_out_of_range_is_refused(address: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        e.Call().engine.add_address(e.SENDING, 0, *address)


@pytest.mark.parametrize("number", [-1, 1 << 48])
def test_a_socket_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        e.Call().engine.add_address(e.SENDING, number, "10.0.0.1", 1)


def test_connections_of_one_listener_are_different_addresses() -> None:
    call = e.Call()
    first, second = 7 << 16 | 3, (1 << 32) - 1 << 16 | 3
    call.engine.add_address(e.SENDING, first, "10.1.2.3", 4242)
    call.engine.add_address(e.RECEIVING, second, "10.1.2.3", 4242)
    for number, transport in ((first, e.SENDING), (second, e.RECEIVING)):
        assert call.engine.receive(number, "10.1.2.3", 4242, b"\x16\xfe\xfd" + b"x" * 20, call.now_us)
        (told,) = call.told(DtlsReceived)
        assert (told.transport, told.socket) == (transport, number)


def test_a_name_is_not_an_address() -> None:
    with pytest.raises(OSError, match="illegal"):
        e.Call().engine.add_address(e.SENDING, 0, "localhost", 1)


@pytest.mark.parametrize(
    ("host", "local"),
    [("10.1.2.3", ""), ("10.1.2.3", "10.1.2.4"), ("2001:db8::1", "2001:db8::2"), ("::1", "::1"), ("::1", "")],
)
def test_addresses_come_back_as_they_went_in(host: str, local: str) -> None:
    call = e.Call()
    call.engine.add_address(e.SENDING, 3, host, 4242, local)
    assert call.engine.receive(3, host, 4242, b"\x16\xfe\xfd" + b"x" * 20, call.now_us, local)
    (told,) = call.told(DtlsReceived)
    assert (told.socket, told.host, told.port, told.local) == (3, host, 4242, local)
