"""What JSON.parse takes is taken, what comes out can be written, and ids are found in what is no JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.signaling.json_input import MISSING, decode, find_id


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"name":"Ana \ud83d"}', {"name": "Ana \ufffd"}),
        (r'{"name":"\ude00 Ana"}', {"name": "\ufffd Ana"}),
        (r'{"name":"\ude00\ud83d"}', {"name": "\ufffd\ufffd"}),
        (r'{"name":"\ud83d\ude00"}', {"name": "\N{GRINNING FACE}"}),
        (r'{"\ud83d":[["\udead"]]}', {"\ufffd": [["\ufffd"]]}),
        (r'["\\ud83d"]', ["\\ud83d"]),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("[-9223372036854775809, 18446744073709551615]", [-9223372036854775808.0, 18446744073709551615]),
        ("1e400", math.inf),
        ("-1e400", -math.inf),
        ("9" * 5000, math.inf),
        ("-0", 0),
        ('{"a":1,"a":2}', {"a": 2}),
        ('"\\u0000"', "\0"),
    ],
)
def test_taken(text: str, value: Any) -> None:
    found = decode(text)
    assert found == value
    assert type(found) is type(value)
    msgspec.json.encode(found)
    msgpack.packb(found)


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "[Infinity]", "-Infinity", "{", "[1,]", "{'a':1}", "01", "[" * 50_000, "\ufeff{}", '"\n"'],
)
def test_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="invalid JSON: "):
        decode(text)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
    max_leaves=8,
)


@given(ANYTHING)
def test_whatever_a_browser_writes_can_be_written_again(value: Any) -> None:
    text = json.dumps(value, allow_nan=False) if "inf" not in repr(value) else "0"
    found = decode(text)
    msgspec.json.encode(found)
    msgpack.packb(found)


@given(st.text(max_size=60))
def test_any_text_has_an_id_or_none(text: str) -> None:
    find_id(text)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ('{"request":true,"id":7,"method":"x","data":NaN}', 7),
        ('{"request":true,"method":"x","data":{"id":1,"a":[{"id":2}]},"id":7,', 7),
        ('{"request":true,"id":"a\\"b","method":', 'a"b'),
        ('{"id":-1.5e3,"request":true,"data":' + "[" * 50_000, -1500.0),
        ('{"id":NaN,"request":true}', None),
        ('{"id":{"id":3},"request":true,}', None),
        ('{"response":true,"id":7,"data":NaN}', MISSING),
        ('{"request":true,"data":{"id":1},}', MISSING),
        ('{"method":"id","a":7,}', MISSING),
        ('["id",7', MISSING),
        ("", MISSING),
    ],
)
def test_ids_of_what_is_no_json(text: str, identifier: Any) -> None:
    assert find_id(text) == identifier
