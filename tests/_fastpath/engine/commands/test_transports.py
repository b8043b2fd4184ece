"""Transports: where their packets come from and go to."""

from __future__ import annotations

from tests.support import engine as e
from tests.support.engine import stun_request


def test_removing_the_selected_address_stops_sending() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert len(call.forwarded()) == 1
    call.engine.remove_address(e.RECEIVING, 0, *e.RECEIVER)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    assert call.left() == []
    assert call.drops() == {"drop_consumer_not_connected": 1}


def test_media_follows_the_selected_address() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.engine.add_address(e.RECEIVING, 0, "2001:db8::7", 777)
    call.engine.select_address(e.RECEIVING, 0, "2001:db8::7", 777)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert [to for to, _ in call.left()] == [("2001:db8::7", 777)]


def test_an_ice_restart_knows_both_fragments_for_a_while() -> None:
    call = e.Call()
    for name in ("second", "third"):
        call.engine.add_username(e.SENDING, name.encode(), f"password of {name}".encode())
    for fragment, password in (("sender-fragment", "password"), ("second", "password of second")):
        call.send(stun_request(fragment.encode(), password))
    assert len(call.engine.events()) == 2
    call.engine.remove_username(e.SENDING, b"sender-fragment")
    call.send(stun_request(b"sender-fragment"))
    assert call.drops() == {"drop_stun_unknown_username": 1}
    for name in ("second", "third"):
        call.send(stun_request(name.encode(), f"password of {name}"))
        call.send(stun_request(name.encode()))
    assert len(call.engine.events()) == 2
    assert call.drops()["drop_stun_integrity"] == 2
