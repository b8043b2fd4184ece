"""The journal's form; text and JSON are tested through `setup`."""

from __future__ import annotations

import logging
import sys

import pytest

from mediad.logs.formats import (
    MAX_JOURNAL_BYTES,
    MAX_MESSAGE_LENGTH,
    Formatter,
    JournalFormatter,
    JsonFormatter,
    TextFormatter,
)


def record(message: str, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("mediad.test", level, "", 0, message, None, None)
    made.__dict__ |= extra
    return made


def fields(datagram: bytes) -> dict[str, bytes]:
    """Return the fields as journald reads them."""
    found = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if equals:
            datagram = rest
        else:
            size = int.from_bytes(rest[:8], "little")
            value, datagram = rest[8 : 8 + size], rest[8 + size + 1 :]
        found[name.decode()] = value
    return found


def test_the_journal_gets_fields() -> None:
    line = record("left", logging.WARNING, room="lobby", peer="ana")
    assert fields(JournalFormatter({"worker": 3}).encode(line)) == {
        "MESSAGE": b"worker=3 room=lobby peer=ana left",
        "PRIORITY": b"4",
        "SYSLOG_IDENTIFIER": b"mediad",
        "LOGGER": b"mediad.test",
        "MEDIAD_WORKER": b"3",
        "MEDIAD_ROOM": b"lobby",
        "MEDIAD_PEER": b"ana",
    }


def test_priorities() -> None:
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
    formatter = JournalFormatter({})
    assert [fields(formatter.encode(record("x", level)))["PRIORITY"] for level in levels] == [
        b"7",
        b"6",
        b"4",
        b"3",
        b"2",
    ]


def test_a_room_name_with_line_ends_makes_no_field_of_its_own() -> None:
    found = fields(JournalFormatter({}).encode(record("x", room="a\nPRIORITY=0\n")))
    assert found["MEDIAD_ROOM"] == b"a\nPRIORITY=0\n"
    assert found["PRIORITY"] == b"6"


def test_a_traceback_is_part_of_the_message() -> None:
    try:
        raise ValueError("deep")
    except ValueError:
        line = record("failed", logging.ERROR, exc_info=sys.exc_info())
    message = fields(JournalFormatter({}).encode(line))["MESSAGE"].decode()
    assert message.splitlines()[0] == "failed"
    assert message.splitlines()[-1] == "ValueError: deep"


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter, JournalFormatter])
def test_a_clients_words_do_not_make_long_lines(formatter: type[Formatter]) -> None:
    line = formatter({}).encode(record("refused: %s" % ("x" * 500_000)))
    assert len(line) < MAX_MESSAGE_LENGTH + 300
    assert b"498009 more characters" in line
    bug = formatter({}).encode(record("its last lines: %s" % ("x" * 5000), logging.ERROR))
    assert b"more characters" not in bug


def test_nothing_is_too_long_for_a_datagram() -> None:
    try:
        raise ValueError("x" * 500_000)
    except ValueError:
        line = record("failed", logging.ERROR, exc_info=sys.exc_info())
    assert len(fields(JournalFormatter({}).encode(line))["MESSAGE"]) == MAX_JOURNAL_BYTES


def test_lone_surrogates_leave_as_text() -> None:
    assert TextFormatter({}).encode(record("a\udc80b")).endswith(b"a\\udc80b\n")
