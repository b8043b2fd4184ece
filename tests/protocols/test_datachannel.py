"""Messages of data channels: which are read, and what becomes of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.protocols.datachannel import (
    BINARY,
    DCEP,
    EMPTY_BINARY,
    EMPTY_TEXT,
    TEXT,
    ChannelMessage,
    read_message,
    text_message,
)

PPIDS = st.integers(0, 2**32 - 1) | st.sampled_from([DCEP, TEXT, 52, BINARY, 54, EMPTY_TEXT, EMPTY_BINARY])


@given(PPIDS, st.binary(min_size=2))
def test_four_kinds_are_messages_and_nothing_else(ppid: int, data: bytes) -> None:
    match read_message(ppid, data):
        case ChannelMessage(kind, content):
            assert ppid == kind
            assert content is data if ppid in (TEXT, BINARY) else content == b"\0"
        case refusal:
            assert ppid not in (TEXT, BINARY, EMPTY_TEXT, EMPTY_BINARY)
            assert (refusal == "dcep") == (ppid == DCEP)


@pytest.mark.parametrize("ppid", [EMPTY_TEXT, EMPTY_BINARY])
def test_an_empty_message_has_one_byte_on_the_wire_whatever_came(ppid: int) -> None:
    message = read_message(ppid, b"what a client made of it")
    assert message == ChannelMessage(ppid, b"\0")
    assert isinstance(message, ChannelMessage)
    assert message.size == 0


@given(st.text())
def test_text_comes_back(text: str) -> None:
    message = text_message(text)
    assert message.text == text
    assert message.size == len(text.encode())
    assert message.data, "SCTP has no messages without bytes"


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        text_message("\ud83d")


@pytest.mark.parametrize("message", [ChannelMessage(BINARY, b"x"), ChannelMessage(TEXT, b"\xff")])
def test_what_is_no_text(message: ChannelMessage) -> None:
    assert message.text is None
