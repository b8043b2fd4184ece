"""NAL units: joined, taken apart, and found in SDP."""

from __future__ import annotations

import pytest

from mediad.recorder.codecs.frame import Malformed
from mediad.recorder.codecs.nal import aggregated, byte_stream, parameter_sets, without_emulation


def test_units_are_joined_by_start_codes() -> None:
    assert byte_stream([b"ab", b"c"]) == b"\0\0\0\1ab\0\0\0\1c"


def test_an_aggregation_is_taken_apart() -> None:
    assert list(aggregated(b"\0\2ab\0\1c")) == [b"ab", b"c"]


@pytest.mark.parametrize("wrong", [b"\0", b"\0\0", b"\0\3ab", b"\0\1a\0"])
def test_lengths_have_to_be_right(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        list(aggregated(wrong))


def test_emulation_prevention_is_removed() -> None:
    assert without_emulation(b"a\0\0\3\1\0\0\3") == b"a\0\0\1\0\0"


@pytest.mark.parametrize(
    ("value", "units"),
    [
        (None, []),
        ("Z0I=,aM4=", [b"gB", b"h\xce"]),
        ("no base64!,aM4=", [b"h\xce"]),
        ("", []),
        (7, []),
        (",", []),
    ],
)
def test_parameter_sets_of_sdp(value: object, units: list[bytes]) -> None:
    assert parameter_sets(value) == units
