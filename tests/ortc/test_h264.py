from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.ortc.h264 import (
    DEFAULT,
    LEVEL_1B,
    Profile,
    ProfileLevel,
    answer_profile_level_id,
    format_profile_level_id,
    parse_profile_level_id,
    profile_level_of,
)

CB, MAIN = Profile.CONSTRAINED_BASELINE, Profile.MAIN


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("42e01f", ProfileLevel(CB, 31)),
        ("42E01F", ProfileLevel(CB, 31)),
        ("42c02a", ProfileLevel(CB, 42)),
        ("4de01f", ProfileLevel(CB, 31)),
        ("58f01f", ProfileLevel(CB, 31)),
        ("42a01f", ProfileLevel(Profile.BASELINE, 31)),
        ("42001f", ProfileLevel(Profile.BASELINE, 31)),
        ("58a01f", ProfileLevel(Profile.BASELINE, 31)),
        ("4d401f", ProfileLevel(MAIN, 31)),
        ("4d0032", ProfileLevel(MAIN, 50)),
        ("64001f", ProfileLevel(Profile.HIGH, 31)),
        ("640c34", ProfileLevel(Profile.CONSTRAINED_HIGH, 52)),
        ("f4001f", ProfileLevel(Profile.PREDICTIVE_HIGH_444, 31)),
        ("42f00b", ProfileLevel(CB, LEVEL_1B)),
        ("42e00b", ProfileLevel(CB, 11)),
        ("4d100b", ProfileLevel(MAIN, LEVEL_1B)),
    ],
)
def test_ids_and_their_meaning(text: str, meaning: ProfileLevel) -> None:
    assert parse_profile_level_id(text) == meaning


@pytest.mark.parametrize(
    "text", ["", "42e01", "42e01f0", "42e0xx", " 42e01", "42e000", "42e0ff", "64e01f", "581f1f", "00001f"]
)
def test_ids_without_meaning(text: str) -> None:
    assert parse_profile_level_id(text) is None


@pytest.mark.parametrize(
    ("profile", "level", "text"),
    [
        (CB, 31, "42e01f"),
        (Profile.BASELINE, 10, "42000a"),
        (MAIN, 52, "4d0034"),
        (Profile.CONSTRAINED_HIGH, 42, "640c2a"),
        (Profile.HIGH, 51, "640033"),
        (Profile.PREDICTIVE_HIGH_444, 30, "f4001e"),
        (CB, LEVEL_1B, "42f00b"),
        (Profile.BASELINE, LEVEL_1B, "42100b"),
        (MAIN, LEVEL_1B, "4d100b"),
        (Profile.HIGH, LEVEL_1B, None),
    ],
)
def test_canonical_spellings(profile: Profile, level: int, text: str | None) -> None:
    assert format_profile_level_id(ProfileLevel(profile, level)) == text


@given(st.binary(min_size=3, max_size=3))
def test_spelling_keeps_the_meaning(octets: bytes) -> None:
    meaning = parse_profile_level_id(octets.hex())
    spelled = None if meaning is None else format_profile_level_id(meaning)
    assert spelled is None or parse_profile_level_id(spelled) == meaning


@given(st.text(max_size=8) | st.integers() | st.floats(allow_nan=True))
def test_any_parameter_value_is_understood_or_refused(value: str | int | float) -> None:
    meaning = profile_level_of({"profile-level-id": value})
    assert meaning is None or meaning == DEFAULT or len(str(value)) == 6


def test_absent_means_constrained_baseline_3_1() -> None:
    assert profile_level_of({}) == DEFAULT == ProfileLevel(CB, 31)


def test_an_id_without_letters_may_arrive_as_a_number() -> None:
    assert profile_level_of({"profile-level-id": 640032}) == ProfileLevel(Profile.HIGH, 50)


def given_id(text: str | None, asymmetric: str | int | None = None) -> dict[str, str | int | float]:
    given = {"profile-level-id": text, "level-asymmetry-allowed": asymmetric}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    ("local", "remote", "answer"),
    [
        (given_id("42e034"), given_id("42e01f"), "42e01f"),
        (given_id("42e015"), given_id("42e01f"), "42e015"),
        (given_id("42e034", 1), given_id("42e01f", 1), "42e034"),
        (given_id("42e034", "1"), given_id("42e01f", 1), "42e034"),
        (given_id("42e034", 1), given_id("42e01f"), "42e01f"),
        (given_id("42e034", 0), given_id("42e01f", 1), "42e01f"),
        (given_id(None), given_id("42e01f"), "42e01f"),
        (given_id("42c01f"), given_id("4de01f"), "42e01f"),
        (given_id("42f00b"), given_id("42e00b"), "42f00b"),
        (given_id("42f00b"), given_id("42e00a"), "42e00a"),
        (given_id("42e00b"), given_id("42f00b"), "42f00b"),
    ],
)
def test_answers(local: dict[str, str | int], remote: dict[str, str | int], answer: str) -> None:
    assert answer_profile_level_id(local, remote) == (True, answer)


def test_nobody_named_an_id() -> None:
    assert answer_profile_level_id({}, {"packetization-mode": 1}) == (True, None)


@pytest.mark.parametrize(
    ("local", "remote"),
    [("42001f", "42e01f"), ("4d001f", "42e01f"), ("junk", "42e01f"), ("42e01f", "42e0ff")],
)
def test_different_profiles_have_no_answer(local: str, remote: str) -> None:
    assert answer_profile_level_id(given_id(local), given_id(remote)) == (False, None)
