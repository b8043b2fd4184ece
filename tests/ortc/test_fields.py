from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.ortc.fields import Fields


def fields(**data: object) -> Fields:
    return Fields(data, "thing")


def refusal(read: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        read()
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ("", "''"),
        (True, "true"),
        (1.5, "1.5"),
        (128, "128"),
        (10**400, "a huge number"),
        ("x", "'x'"),
        ("\ud800\n", r"'\ud800\n'"),
        ("x" * 41, "a string of 41 characters"),
        ([1, 2], "an array of 2 items"),
        ({"a": 1}, "an object"),
        (b"x", "a bytes"),
    ],
)
def test_refusals_name_the_field_what_was_expected_and_what_came(value: object, shown: str) -> None:
    expected = f"thing.pt: expected an integer 0..127, got {shown}"
    assert refusal(lambda: fields(pt=value).integer("pt", 0, 127)) == expected


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_only_objects_have_fields(data: object) -> None:
    assert refusal(lambda: Fields(data, "thing")).startswith("thing: expected an object, got ")


def test_paths_grow_through_objects_and_arrays() -> None:
    data = Fields({"a": [{"b": {"c": "no"}}]}, "root")

    def inner(item: object, path: str) -> object:
        return Fields(item, path).part("b", lambda b, where: Fields(b, where).integer("c", 0, 1))

    assert refusal(lambda: data.array("a", inner, limit=1)).startswith(
        "root.a[0].b.c: expected an integer 0..1"
    )


def test_null_counts_as_absent() -> None:
    empty = fields(x=None)
    assert empty.optional_string("x", limit=1) is None
    assert empty.optional_integer("x", 0, 1) is None
    assert empty.optional_number("x") is None
    assert empty.boolean("x", True) is True
    assert empty.choice("x", ("a", "b"), "b") == "b"
    assert empty.part("x", Fields) is None
    assert empty.array("x", Fields, limit=0) == ()
    assert empty.parameters("x") == {}


def test_mandatory_fields() -> None:
    empty = fields()
    assert refusal(lambda: empty.string("x", limit=9)) == "thing.x: expected a string, got nothing"
    assert refusal(lambda: empty.integer("x", 0, 9)) == "thing.x: expected an integer 0..9, got nothing"
    assert refusal(lambda: empty.choice("x", ("a", "b"))) == "thing.x: expected one of a, b, got nothing"
    required = refusal(lambda: empty.array("x", Fields, limit=9, required=True))
    assert required == "thing.x: expected an array of at most 9 items, got nothing"


def test_whole_numbers_may_be_spelled_as_floats() -> None:
    assert fields(x=48000.0).integer("x", 1, 48000) == 48000


@pytest.mark.parametrize("value", [True, "1", 1.5, math.nan, math.inf, -1, 128])
def test_what_is_no_whole_number_in_range(value: object) -> None:
    refusal(lambda: fields(x=value).integer("x", 0, 127))


@pytest.mark.parametrize(("value", "read"), [(0, 0), (1.9, 1), (5_000_000, 5_000_000)])
def test_numbers_are_rounded_down(value: float, read: int) -> None:
    assert fields(x=value).optional_number("x") == read


@pytest.mark.parametrize("value", [-0.5, math.nan, math.inf, 10**400, "1", False])
def test_what_is_no_number(value: object) -> None:
    refusal(lambda: fields(x=value).optional_number("x"))


@pytest.mark.parametrize("value", ["abcd", 1, "\ud800"])
def test_what_is_no_string(value: object) -> None:
    assert "a string of at most 3 characters" in refusal(lambda: fields(x=value).string("x", limit=3))


@pytest.mark.parametrize("value", ["é", "a\n", "\x00"])
def test_names_in_packets_are_printable_ascii(value: str) -> None:
    assert fields(x=value).optional_string("x", limit=3) == value
    refusal(lambda: fields(x=value).optional_string("x", limit=3, ascii_only=True))


def test_parameters_keep_strings_and_numbers_and_fill_nulls() -> None:
    given_ = {"a": 1, "b": "x", "c": None, "d": 0.5}
    assert fields(parameters=given_).parameters() == {"a": 1, "b": "x", "c": "", "d": 0.5}


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {"a": True},
            "thing.parameters.a: expected a string of at most 2048 characters or a number, got true",
        ),
        ({"a": []}, "thing.parameters.a: expected a string"),
        ({"a": math.nan}, "thing.parameters.a: expected a string"),
        ({"a": "x" * 2049}, "thing.parameters.a: expected a string"),
        ({1: "x"}, "thing.parameters: expected names of at most 64 characters"),
        ({"n" * 65: "x"}, "thing.parameters: expected names of at most 64 characters"),
        ({str(n): n for n in range(65)}, "thing.parameters: expected an object of at most 64 entries"),
        ([], "thing.parameters: expected an object"),
    ],
)
def test_parameters_are_bounded(parameters: object, text: str) -> None:
    assert refusal(lambda: fields(parameters=parameters).parameters()).startswith(text)


@pytest.mark.parametrize("value", [{}, "x", [1, 2, 3]])
def test_arrays_are_bounded(value: object) -> None:
    assert "an array of at most 2 items" in refusal(lambda: fields(x=value).array("x", Fields, limit=2))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(st.recursive(SCALARS, st.lists))
def test_refusals_stay_short(value: object) -> None:
    assert len(refusal(lambda: fields(x=value).choice("x", ("a value nobody draws",)))) < 300
