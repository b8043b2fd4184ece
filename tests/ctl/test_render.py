"""Tables and quantities as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.ctl.render import bitrate, duration, fields, percent, share, size, table, yes_no
from mediad.words import plural


def test_table_aligns_text_left_and_numbers_right() -> None:
    assert table(("ROOM", "PEERS", "NOTE"), [("a", 2, None), ("longer", 10, "x")]) == (
        "ROOM    PEERS  NOTE\n"
        "a           2  -\n"
        "longer     10  x"
    )  # fmt: skip


def test_table_aligns_quantities_right() -> None:
    rows = [("a", bitrate(2_000_000), ""), ("b", None, ""), ("c", "", "")]
    assert table(("ROOM", "IN", ""), rows) == (
        "ROOM        IN\n"
        "a     2.0 Mbps\n"
        "b            -\n"
        "c"
    )  # fmt: skip


def test_plurals() -> None:
    assert [plural(n, "room") for n in (0, 1, 2)] == ["0 rooms", "1 room", "2 rooms"]


def test_an_empty_table_is_its_headings() -> None:
    assert table(("ROOM", "PEERS"), []) == "ROOM  PEERS"


@given(st.lists(st.tuples(st.text(), st.integers()), max_size=5))
def test_a_row_is_a_line_whatever_is_in_it(rows: list[tuple[str, int]]) -> None:
    text = table(("NAME", "N"), rows)
    assert len(text.splitlines()) == len(rows) + 1
    assert "\x1b" not in text


def test_fields() -> None:
    assert fields([("a", 1), ("long name", None)]) == "a          1\nlong name  -"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (50 * 2**20, "50 MiB"),
        (3 * 2**30, "3.0 GiB"),
        (None, "0 B"),
    ],
)
def test_sizes(value: object, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (3600, "1h 0m"), (90_061, "1d 1h"), (None, "0s")],
)
def test_durations(value: object, text: str) -> None:
    assert duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 kbps"),
        (64_400, "64 kbps"),
        (999_400, "999 kbps"),
        (2_449_000, "2.4 Mbps"),
        (1_250_000_000, "1.25 Gbps"),
        (None, "-"),
    ],
)
def test_bitrates(value: object, text: str) -> None:
    assert bitrate(value) == text


def test_losses() -> None:
    assert [share(0.0), share(0.004), share(1), share(None)] == ["0.0%", "0.4%", "100.0%", "-"]


def test_shares_and_answers() -> None:
    assert [percent(0.126), percent(1.5), percent(None)] == ["13%", "150%", "0%"]
    assert [yes_no(True), yes_no(False), yes_no(None)] == ["yes", "no", "unknown"]
