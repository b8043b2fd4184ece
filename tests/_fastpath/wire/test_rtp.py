"""The RTP header view: by table, against aiortc's parser, and over junk."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from aiortc import rtp as aiortc_rtp
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from hypothesis import given
from hypothesis import strategies as st

from mediad._fastpath.wire.rtp import ExtensionKind, ParseStatus
from tests.support.rtp import (
    ONE_BYTE,
    TWO_BYTE,
    extension_block,
    one_byte_elements,
    packet,
    two_byte_elements,
)
from tests.windows import wire as window

MID, RID, LEVEL = ExtensionKind.EXT_MID, ExtensionKind.EXT_RID, ExtensionKind.EXT_AUDIO_LEVEL
KINDS = {1: MID, 2: RID, 3: LEVEL, 200: LEVEL}


def read(data: bytes, kinds: dict[int, int] = KINDS) -> dict[str, Any]:
    view = window.rtp_read(data, kinds)
    assert isinstance(view, dict), ParseStatus(view)
    return view


def test_every_field_of_the_header() -> None:
    view = read(
        packet(
            b"payload",
            payload_type=111,
            marker=True,
            sequence_number=0xABCD,
            timestamp=0x89ABCDEF,
            ssrc=0xFEDCBA98,
            csrcs=(1, 2, 3),
            extension=extension_block(ONE_BYTE, one_byte_elements([(1, b"0")])),
            padding=5,
        )
    )
    assert view["payload_type"] == 111
    assert view["marker"] == 1
    assert view["sequence_number"] == 0xABCD
    assert view["timestamp"] == 0x89ABCDEF
    assert view["ssrc"] == 0xFEDCBA98
    assert view["csrc_count"] == 3
    assert view["header_length"] == 12 + 12 + 8
    assert view["extensions"] == {MID: b"0"}
    assert view["padding_length"] == 5
    assert view["payload"] == b"payload"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", ParseStatus.PARSE_SHORT),
        (packet()[:11], ParseStatus.PARSE_SHORT),
        (packet(csrcs=(1, 2))[:19], ParseStatus.PARSE_SHORT),
        (b"\x40" + packet()[1:], ParseStatus.PARSE_VERSION),
        (b"\x00" + packet()[1:], ParseStatus.PARSE_VERSION),
        (b"\x90" + packet()[1:], ParseStatus.PARSE_EXTENSION),  # no extension header behind the X bit
        (packet(extension=struct.pack("!HH", ONE_BYTE, 1)) + b"abc", ParseStatus.PARSE_EXTENSION),
        (packet(extension=struct.pack("!HH", ONE_BYTE, 0xFFFF)) + bytes(64), ParseStatus.PARSE_EXTENSION),
        (b"\xa0" + packet()[1:], ParseStatus.PARSE_PADDING),  # nothing to hold the count
        (b"\xa0" + packet(b"ab\x00")[1:], ParseStatus.PARSE_PADDING),
        (b"\xa0" + packet(b"ab\x04")[1:], ParseStatus.PARSE_PADDING),
        (packet(bytes(0x10000)), ParseStatus.PARSE_SHORT),
    ],
)
def test_what_is_refused(data: bytes, status: ParseStatus) -> None:
    assert window.rtp_read(data, KINDS) == status


def test_padding_may_be_all_there_is() -> None:
    """Chrome probes for bandwidth with such packets."""
    view = read(packet(padding=255))
    assert (view["payload"], view["padding_length"]) == (b"", 255)


@pytest.mark.parametrize(
    ("plain_length", "status"),
    [
        (40, ParseStatus.PARSE_OK),
        (20, ParseStatus.PARSE_OK),
        (19, ParseStatus.PARSE_SHORT),
        (0, ParseStatus.PARSE_SHORT),
    ],
)
def test_the_header_must_fit_the_plaintext(plain_length: int, status: ParseStatus) -> None:
    """An extension length that reached into the authentication tag shows after unprotecting."""
    data = packet(bytes(30), extension=extension_block(ONE_BYTE, b"\x10a"))
    assert window.rtp_read_header(data, plain_length) == status


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", {}),
        (b"\x10a\x21bc", {MID: b"a", RID: b"bc"}),
        (b"\x00\x10a\x00\x00\x20b", {MID: b"a", RID: b"b"}),  # zero bytes anywhere pad
        (b"\x10a\xf0\x20b", {MID: b"a"}),  # id 15 ends the walk
        (b"\x10a\x05\x20b", {MID: b"a"}),  # id 0 with a length: the rest cannot be trusted
        (b"\x10a\x2fbc", {MID: b"a"}),  # runs over the end
        (b"\x90x\x10a", {MID: b"a"}),  # an id nobody negotiated
        (b"\x10a\x10b", {MID: b"b"}),
        (b"\x1f0123456789abcdef", {MID: b"0123456789abcdef"}),
    ],
)
def test_one_byte_extensions(body: bytes, found: dict[int, bytes]) -> None:
    assert read(packet(b"p", extension=extension_block(ONE_BYTE, body)))["extensions"] == found


@pytest.mark.parametrize("profile", [TWO_BYTE, TWO_BYTE | 0xF])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (two_byte_elements([(1, b"a"), (2, b"bc")]), {MID: b"a", RID: b"bc"}),
        (b"\x00\x00\x01\x01a", {MID: b"a"}),
        (b"\x01\x00\x02\x01b", {MID: b"", RID: b"b"}),  # empty values exist here
        (b"\xc8\x20" + bytes(32), {LEVEL: bytes(32)}),
        (b"\x01\x01a\x02\x09b", {MID: b"a"}),
        (b"\x01\x02ab\x02", {MID: b"ab", RID: b""}),  # its length is the padding behind it
        (b"\x01\x01a\x02", {MID: b"a"}),  # its length would be behind the block
    ],
)
def test_two_byte_extensions(profile: int, body: bytes, found: dict[int, bytes]) -> None:
    assert read(packet(b"p", extension=extension_block(profile, body)))["extensions"] == found


def test_other_profiles_are_skipped() -> None:
    view = read(packet(b"p", extension=extension_block(0x1234, b"\x10a\x21bc")))
    assert (view["extensions"], view["payload"]) == ({}, b"p")


ELEMENTS = st.lists(
    st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=8, unique_by=lambda e: e[0]
)
FIELDS = st.fixed_dictionaries(
    {
        "payload": st.binary(max_size=40),
        "payload_type": st.integers(0, 127),
        "marker": st.booleans(),
        "sequence_number": st.integers(0, 0xFFFF),
        "timestamp": st.integers(0, 0xFFFFFFFF),
        "ssrc": st.integers(0, 0xFFFFFFFF),
        "csrcs": st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
        "padding": st.just(0) | st.integers(1, 255),
    }
)


@given(FIELDS, ELEMENTS)
def test_reads_back_what_was_built(fields: dict[str, Any], elements: list[tuple[int, bytes]]) -> None:
    block = extension_block(ONE_BYTE, one_byte_elements(elements))
    kinds = {number: index for index, (number, _) in enumerate(elements)}
    view = read(packet(**fields, extension=block), kinds)
    assert {
        name: view[name] for name in ("payload_type", "sequence_number", "timestamp", "ssrc", "payload")
    } == {name: fields[name] for name in ("payload_type", "sequence_number", "timestamp", "ssrc", "payload")}
    assert view["extensions"] == {kinds[number]: value for number, value in elements}


@given(ELEMENTS, st.booleans())
def test_written_extensions_read_back(elements: list[tuple[int, bytes]], two_byte: bool) -> None:
    if two_byte:
        elements = [(number, 15 * value) for number, value in elements]
        expected = extension_block(TWO_BYTE, two_byte_elements(elements))
    else:
        expected = extension_block(ONE_BYTE, one_byte_elements(elements))
    block = window.write_extensions(elements, two_byte)
    assert block == expected
    kinds = {number: index for index, (number, _) in enumerate(elements)}
    view = read(packet(b"payload", extension=block), kinds)
    assert view["extensions"] == {kinds[number]: value for number, value in elements}
    assert view["payload"] == b"payload"


def extensions_map() -> aiortc_rtp.HeaderExtensionsMap:
    known = aiortc_rtp.HeaderExtensionsMap()
    known.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid"),
                RTCRtpHeaderExtensionParameters(id=2, uri="urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
            ]
        )
    )
    return known


AIORTC_KINDS = {1: MID, 2: RID}


@given(FIELDS, st.text("abc012", min_size=1, max_size=16), st.text("rhf", min_size=1, max_size=4))
def test_reads_what_aiortc_writes(fields: dict[str, Any], mid: str, rid: str) -> None:
    theirs = aiortc_rtp.RtpPacket(
        payload_type=fields["payload_type"],
        marker=int(fields["marker"]),
        sequence_number=fields["sequence_number"],
        timestamp=fields["timestamp"],
        ssrc=fields["ssrc"],
        payload=fields["payload"],
    )
    theirs.csrc = fields["csrcs"]
    theirs.padding_size = fields["padding"]
    theirs.extensions.mid, theirs.extensions.rtp_stream_id = mid, rid
    view = read(theirs.serialize(extensions_map()), AIORTC_KINDS)
    assert view["payload"] == fields["payload"]
    assert view["padding_length"] == fields["padding"]
    assert view["csrc_count"] == len(fields["csrcs"])
    assert view["extensions"] == {MID: mid.encode(), RID: rid.encode()}


HEADERS = st.integers(0, 63).map(lambda low: bytes([0x80 | low])) | st.binary(min_size=1, max_size=1)
JUNK = st.tuples(HEADERS, st.binary(max_size=90)).map(b"".join)


@given(JUNK)
def test_junk_is_refused_as_aiortc_refuses_it(data: bytes) -> None:
    ours = window.rtp_read(data, {})
    try:
        theirs = aiortc_rtp.RtpPacket.parse(data)
    except ValueError:
        assert (
            not isinstance(ours, dict) or ours["extension_profile"] != 0
        )  # aiortc also refuses bad elements
        return
    assert isinstance(ours, dict)
    assert ours["payload"] == theirs.payload
    assert ours["sequence_number"] == theirs.sequence_number
    assert ours["padding_length"] == theirs.padding_size


@given(st.binary(max_size=64), st.sampled_from((ONE_BYTE, TWO_BYTE)))
def test_junk_extensions_stay_inside_their_block(body: bytes, profile: int) -> None:
    block = extension_block(profile, body)
    kinds = {number: number % 11 for number in range(1, 256)}
    view = read(packet(extension=block), kinds)
    for value in view["extensions"].values():
        assert value in block[4:]


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("block", [b"", extension_block(ONE_BYTE, b"\x10a")])
def test_rtx_gives_back_the_original(padding: int, block: bytes) -> None:
    """RFC 4588 section 4: everything as it was, but for what the retransmission stream has of its own."""
    common: dict[str, Any] = {"marker": True, "timestamp": 77, "csrcs": (9,), "extension": block}
    rtx = packet(b"\xab\xcdoriginal", payload_type=97, sequence_number=5, ssrc=2, padding=padding, **common)
    original = packet(b"original", payload_type=96, sequence_number=0xABCD, ssrc=1, padding=padding, **common)
    view = window.rtp_read_rtx(rtx, KINDS, 96, 1)
    assert view == read(original)


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_rtx_without_a_sequence_number(payload: bytes) -> None:
    assert window.rtp_read_rtx(packet(payload, padding=9), KINDS, 96, 1) is None


@given(FIELDS, st.integers(0, 0xFFFF))
def test_rtx_as_aiortc_wraps_it(fields: dict[str, Any], rtx_sequence_number: int) -> None:
    original = aiortc_rtp.RtpPacket.parse(packet(**{**fields, "padding": 0}))
    rtx = aiortc_rtp.wrap_rtx(original, payload_type=97, sequence_number=rtx_sequence_number, ssrc=4321)
    view = window.rtp_read_rtx(rtx.serialize(), {}, fields["payload_type"], fields["ssrc"])
    assert view is not None
    assert view["data"] == original.serialize()
