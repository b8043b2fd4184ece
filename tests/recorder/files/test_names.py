"""Names of files: never a way out of the folder, and never two ids with one name."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.files.names import MAX_NAME, file_stem, safe_name

IDS = st.text(max_size=200) | st.text("ab./\\-_\0 ", max_size=8)


@pytest.mark.parametrize("plain", ["alice", "A-1_b", "0", "x" * MAX_NAME])
def test_a_plain_id_is_its_own_name(plain: str) -> None:
    assert safe_name(plain) == plain


@pytest.mark.parametrize(
    "id_",
    [
        *("..", ".", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "a\0b", ".hidden", "-rf", "~root"),
        *(
            "CON.",
            "a.mkv",
            "a b",
            "%2e%2e",
            "\u202egnp",
            "\u2024\u2024",
            "\ud800",
            "é",
            "e\u0301",
            "x" * 300,
            "",
        ),
    ],
)
def test_any_other_gets_a_name_of_plain_characters(id_: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*-[0-9a-f]{16}", safe_name(id_))


@given(IDS, IDS)
def test_no_two_ids_share_a_name(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert safe_name(one) != safe_name(safe_name(one) + "x")


@given(IDS)
def test_an_id_cannot_take_another_s_name(id_: str) -> None:
    assert safe_name(id_) == id_ or safe_name(safe_name(id_)) != safe_name(id_)


@given(IDS, IDS, st.integers(1, 99))
def test_a_stem_is_one_name(peer_id: str, source: str, part: int) -> None:
    stem = file_stem(peer_id, source, part)
    assert os.path.basename(stem) == stem
    assert len(f"{stem}.webm".encode()) < 255


def test_parts_are_numbered_from_the_second_on() -> None:
    assert [file_stem("p", "camera", part) for part in (1, 2)] == ["p.camera", "p.camera.2"]
