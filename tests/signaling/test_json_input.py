"""JSON from clients: all that JSON.parse accepts can be written again; ids are found in other text."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
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
        ("[1" + "0" * 400 + ", -1" + "0" * 400 + ', "\\ud83d"]', [math.inf, -math.inf, "\ufffd"]),
        ("-0", 0),
        ('{"a":1,"a":2}', {"a": 2}),
        ('"\\u0000"', "\0"),
        (
            r'["\\\ud83d", "\\\\ud83d", "\ud83d\ud83d\ude00\ude00"]',
            ["\\\ufffd", r"\\ud83d", "\ufffd\U0001f600\ufffd"],
        ),
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


def cost_s(work: Callable[[], object]) -> float:
    """CPU time; the least of three, as other work on the machine makes it more."""

    def once() -> float:
        before_s = time.process_time()
        work()
        return time.process_time() - before_s

    return min(once() for _ in range(3))


@pytest.mark.parametrize("half", ['\\"', "\\\\", "\\", '"\\', "x", '"'])
def test_looking_for_an_id_takes_no_longer_than_the_text_is(half: str) -> None:
    """Escaped quotation marks after one that has no end: none of them begins a search of its own."""
    short, long = ('"' + half * count for count in (1_000, 16_000))
    assert cost_s(lambda: find_id(long)) < 80 * max(cost_s(lambda: find_id(short)), 0.0001)


def test_mending_a_text_costs_no_walk_through_it() -> None:
    """One half of a pair in front of as many values as fit into the largest message."""
    values = "[]," * 300_000
    plain_s = cost_s(lambda: decode(f'["",{values}1]'))
    assert cost_s(lambda: decode(rf'["\ud83d",{values}1]')) < 4 * plain_s
    with pytest.raises(ValueError, match="out of range"):
        decode(f"[{values}{10**25}]")
    assert decode(f'["{10**25}",{values}1]')[0] == str(10**25)


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
