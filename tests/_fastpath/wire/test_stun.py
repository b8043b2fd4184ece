"""The native look at STUN: what aioice would answer, and nothing else."""

from __future__ import annotations

import struct

import pytest
from aioice import stun as aioice_stun
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stun import (
    MESSAGE_INTEGRITY,
    PRIORITY,
    USERNAME,
    binding_request,
    message,
    with_fingerprint,
    with_integrity,
)
from tests.windows import wire as window

REQUEST, INDICATION, SUCCESS, ERROR = 0x0001, 0x0011, 0x0101, 0x0111
MESSAGE_INTEGRITY_SHA256 = 0x001C


def request(username: bytes = b"ours:theirs", kind: int = REQUEST) -> bytes:
    return message(kind, [(PRIORITY, bytes(4)), (USERNAME, username)])


def test_a_browsers_request() -> None:
    data = with_fingerprint(with_integrity(request(b"abcdefgh:XYZ+/"), "password"))
    assert window.is_stun(data)
    assert window.stun_username(data) == b"abcdefgh"


def test_what_aioice_writes() -> None:
    theirs = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    theirs.attributes["USERNAME"] = "local:remote"
    theirs.attributes["PRIORITY"] = 1
    theirs.add_message_integrity(b"password")
    assert window.stun_username(bytes(theirs)) == b"local"


@pytest.mark.parametrize(
    ("username", "fragment"),
    [
        (b"a:b", b"a"),
        (b"a:", b"a"),
        (b"a:b:c", b"a"),
        (b"x" * 256 + b":" + b"y" * 256, b"x" * 256),
        (b":b", None),
        (b"ab", None),
        (b"", None),
    ],
)
def test_the_part_before_the_colon(username: bytes, fragment: bytes | None) -> None:
    assert window.stun_username(request(username)) == fragment


@pytest.mark.parametrize("kind", [INDICATION, SUCCESS, ERROR, 0x0003])
def test_only_binding_requests_have_a_username_to_look_for(kind: int) -> None:
    """A lite agent sends no requests, so it expects no answers."""
    assert window.is_stun(request(kind=kind))
    assert window.stun_username(request(kind=kind)) is None


@pytest.mark.parametrize("integrity", [MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256])
def test_a_username_behind_the_integrity_is_not_covered_by_it(integrity: int) -> None:
    data = message(REQUEST, [(integrity, bytes(20)), (USERNAME, b"ours:theirs")])
    assert window.stun_username(data) is None


def test_the_first_username_counts() -> None:
    data = message(REQUEST, [(USERNAME, b"one:x"), (USERNAME, b"two:x")])
    assert window.stun_username(data) == b"one"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:19],
        request() + b"\0\0\0\0",  # longer than it says
        request()[:-4],  # shorter
        b"\x40" + request()[1:],  # TURN channel data
        b"\x80" + request()[1:],  # RTP
        request()[:4] + b"\0\0\0\0" + request()[8:],  # no cookie (RFC 3489)
        struct.pack("!HHI", 1, 2, 0x2112A442) + bytes(14),  # a length that is no multiple of four
    ],
)
def test_what_is_no_stun(data: bytes) -> None:
    assert not window.is_stun(data)
    assert window.stun_username(data) is None


def test_an_empty_request() -> None:
    assert window.is_stun(message(REQUEST, []))
    assert window.stun_username(message(REQUEST, [])) is None


def test_an_attribute_that_runs_over_the_end() -> None:
    data = bytearray(message(REQUEST, [(USERNAME, b"ours:xyz")]))
    data[23] = 9
    assert window.stun_username(bytes(data)) is None


ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from((USERNAME, PRIORITY, 0x8028, 0xC057)), st.binary(max_size=20)), max_size=6
)


@given(ATTRIBUTES)
def test_the_walk_against_a_list(attributes: list[tuple[int, bytes]]) -> None:
    usernames = [value for kind, value in attributes if kind == USERNAME]
    expected = None
    if usernames and b":" in usernames[0]:
        expected = usernames[0].split(b":")[0] or None
    assert window.stun_username(message(REQUEST, attributes)) == expected


@given(st.binary(max_size=60))
def test_junk_behind_a_good_header(body: bytes) -> None:
    body += bytes(-len(body) % 4)
    data = struct.pack("!HHI", REQUEST, len(body), 0x2112A442) + bytes(12) + body
    assert window.is_stun(data)
    fragment = window.stun_username(data)
    assert fragment is None or (fragment + b":" in body and b":" not in fragment)


def test_a_check_is_signed_with_its_password_alone() -> None:
    data = binding_request("ours:theirs", "secret", nominate=True)
    assert window.is_signed(data, b"secret")
    assert not window.is_signed(data, b"Secret")
    assert not window.is_signed(data, b"")


@given(st.data())
def test_no_signed_byte_may_change(data: st.DataObject) -> None:
    good = binding_request("ours:theirs", "secret")
    place = data.draw(st.integers(0, len(good) - 9))  # FINGERPRINT is not covered
    changed = data.draw(st.integers(1, 255))
    forged = good[:place] + bytes([good[place] ^ changed]) + good[place + 1 :]
    # The length is not signed as it stands: what counts is where the signature ends.
    assert window.is_signed(forged, b"secret") == (place in (2, 3))


@pytest.mark.parametrize("kept", range(20, 100, 4))
def test_a_check_cut_short_is_not_signed(kept: int) -> None:
    good = with_integrity(message(REQUEST, [(USERNAME, b"ours:theirs"), (0x7000, bytes(40))]), "secret")
    assert window.is_signed(good[:kept], b"secret") == (kept >= len(good))


@pytest.mark.parametrize("size", [0, 4, 16, 24, 32])
def test_a_signature_of_another_size_is_none(size: int) -> None:
    assert not window.is_signed(message(REQUEST, [(MESSAGE_INTEGRITY, bytes(size))]), b"secret")


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_junk_is_not_signed(junk: bytes, password: bytes) -> None:
    assert not window.is_signed(message(REQUEST, []) + junk, password)
