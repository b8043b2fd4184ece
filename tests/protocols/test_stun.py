from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediad.protocols.stun import (
    MAX_REQUEST_BYTES,
    MalformedStun,
    error_reply,
    parse_binding_request,
    success_reply,
)
from tests.support import stun

PASSWORD = "p" * 32
GOOD = stun.binding_request(
    "ours:theirs", PASSWORD, nominate=True, nomination=3, transaction=stun.TRANSACTION
)


def test_a_browsers_request_is_read() -> None:
    request = parse_binding_request(GOOD)
    assert request.local_fragment == "ours"
    assert request.use_candidate
    assert request.nomination == 3
    assert request.has_priority
    assert not request.from_controlled
    assert request.is_authentic(PASSWORD)
    assert not request.is_authentic("q" * 32)


@pytest.mark.parametrize("kind", [stun.NOMINATION, stun.NOMINATION_LEGACY])
def test_both_nomination_numbers_are_read(kind: int) -> None:
    data = stun.binding_request("ours:theirs", PASSWORD, nomination=2**32 - 1, nomination_type=kind)
    assert parse_binding_request(data).nomination == 2**32 - 1


def test_unknown_attributes_are_passed_over() -> None:
    extra = [(0xC058, b"abc"), (0x8070, b""), (0x7FFF, b"12345")]
    request = parse_binding_request(stun.binding_request("ours:theirs", PASSWORD, extra=extra))
    assert request.is_authentic(PASSWORD)


def test_attributes_after_the_integrity_are_not_believed() -> None:
    signed = stun.with_integrity(
        stun.message(1, [(stun.USERNAME, b"ours:theirs"), (stun.PRIORITY, bytes(4))]), PASSWORD
    )
    data = stun.with_fingerprint(
        signed
        + stun.attribute(stun.USE_CANDIDATE, b"")
        + stun.attribute(stun.NOMINATION, struct.pack("!I", 9))
    )
    request = parse_binding_request(data)
    assert request.is_authentic(PASSWORD)
    assert not request.use_candidate
    assert request.nomination is None


def refused(data: bytes) -> str:
    with pytest.raises(MalformedStun) as caught:
        parse_binding_request(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-stun"),
        (bytes(19), "not-stun"),
        (bytes(28), "not-stun"),
        (b"\x80" + GOOD[1:], "not-stun"),
        (GOOD[:4] + b"\x00\x00\x00\x00" + GOOD[8:], "not-stun"),
        (stun.message(1, []), "no-fingerprint"),
        (GOOD[:-8], "no-fingerprint"),
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "malformed"),
        (GOOD[:30] + b"\xff" + GOOD[31:], "malformed"),
        (stun.with_fingerprint(stun.message(0x0011, [])), "not-a-binding-request"),
        (stun.with_fingerprint(stun.message(0x0101, [])), "not-a-binding-request"),
        (stun.with_fingerprint(stun.message(0x0003, [])), "not-a-binding-request"),
        (stun.with_fingerprint(stun.message(0x020F, [])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(stun.PRIORITY, b"1")])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(stun.NOMINATION, b"12")])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(stun.USERNAME, b"\xff:x")])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(stun.USERNAME, b"no colon")])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(stun.USERNAME, b"a:" + b"b" * 512)])), "malformed"),
        (stun.with_fingerprint(stun.message(1, [(0x7000, bytes(1600))])), "not-stun"),
    ],
)
def test_refuses(data: bytes, reason: str) -> None:
    assert refused(data) == reason


def test_a_fingerprint_look_alike_inside_another_attribute_is_none() -> None:
    disguise = stun.message(1, [(0x7000, b"\x80\x28\x00\x04abcd")])
    assert refused(disguise) == "no-fingerprint"


def test_no_username_is_not_malformed() -> None:
    request = parse_binding_request(stun.with_fingerprint(stun.message(1, [])))
    assert request.local_fragment is None
    assert not request.is_authentic(PASSWORD)


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("192.0.2.7", 1, bytes([192, 0, 2, 7])),
        ("::ffff:192.0.2.7", 1, bytes([192, 0, 2, 7])),
        ("2001:db8::1", 2, bytes.fromhex("20010db8000000000000000000000001")),
        ("::ffff:0:0:1", 2, bytes.fromhex("0000000000000000ffff000000000001")),
    ],
)
def test_success_shows_the_mapped_address(host: str, family: int, address: bytes) -> None:
    reply = success_reply(parse_binding_request(GOOD), host, 40_000, PASSWORD)
    assert reply[:2] == b"\x01\x01"
    assert reply[8:20] == stun.TRANSACTION
    assert stun.is_signed(reply, PASSWORD)
    value = stun.attributes_of(reply)[stun.XOR_MAPPED_ADDRESS]
    pad = struct.pack("!I", stun.COOKIE) + stun.TRANSACTION
    assert value[1] == family
    assert struct.unpack("!H", value[2:4])[0] ^ (stun.COOKIE >> 16) == 40_000
    assert bytes(a ^ b for a, b in zip(value[4:], pad, strict=False)) == address


def test_errors_are_signed() -> None:
    request = parse_binding_request(GOOD)
    signed = error_reply(request, 487, "Role Conflict", PASSWORD)
    assert signed[:2] == b"\x01\x11"
    assert stun.error_code_of(signed) == 487
    assert stun.is_signed(signed, PASSWORD)


@given(st.binary(max_size=200))
@example(b"\x00\x01\x00\x00" + struct.pack("!I", stun.COOKIE) + bytes(12))
def test_junk_raises_only_malformed_stun(junk: bytes) -> None:
    framed = stun.with_fingerprint(stun.message(1, []) + junk)
    for data in (junk, framed, GOOD[:20] + junk + GOOD[-8:]):
        try:
            request = parse_binding_request(data)
        except MalformedStun:
            continue
        assert len(data) <= MAX_REQUEST_BYTES
        assert not request.is_authentic(PASSWORD)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_changed_octet_is_noticed(index: int, change: int) -> None:
    data = bytearray(GOOD)
    data[index] ^= change
    with pytest.raises(MalformedStun):
        parse_binding_request(bytes(data))
