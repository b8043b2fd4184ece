"""Dependency descriptors: structures kept, templates looked up, whatever a sender leaves out or makes up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.layered import Structure, Template, descriptor, svc_structure
from tests.windows import wire as window

L3T3 = svc_structure(3, 3, key_only=False, offset=50)
L3T3_KEY = svc_structure(3, 3, key_only=True, offset=7)


def known(structure: Structure) -> window.Dependencies:
    """A stream whose key frame brought this structure."""
    dependencies = window.Dependencies()
    assert dependencies.describe(descriptor(structure.offset, 1, structure=structure)) is not None
    return dependencies


def cells(grid: int) -> set[tuple[int, int]]:
    return {(cell >> 3, cell & 7) for cell in range(32) if grid >> cell & 1}


@pytest.mark.parametrize("structure", [L3T3, L3T3_KEY])
def test_templates_of_a_structure(structure: Structure) -> None:
    dependencies = known(structure)
    assert dependencies.templates == [(t.spatial, t.temporal) for t in structure.templates]
    for index, template in enumerate(structure.templates):
        info = dependencies.describe(descriptor((structure.offset + index) % 64, 2))
        assert info is not None
        assert (info["spatial_layer"], info["temporal_layer"]) == (template.spatial, template.temporal)
        assert (info["has_layers"], info["spatial_count"], info["starts_sequence"]) == (1, 3, 0)
        wanted = {(n // 3, n % 3) for n, indication in enumerate(template.indications) if indication}
        entered = {(n // 3, n % 3) for n, indication in enumerate(template.indications) if indication == 2}
        # What is wanted beyond the best target is that target.
        assert {(min(s, 2), min(t, 2)) for s, t in cells(info["targets"])} == wanted
        assert {(min(s, 2), min(t, 2)) for s, t in cells(info["switches"])} == entered
        assert info["starts_over"] == (template.spatial == 0 and not template.references)


def test_a_key_frame_is_one_with_a_structure() -> None:
    dependencies = window.Dependencies()
    before = dependencies.describe(descriptor(50, 1))
    assert before is not None
    assert (before["has_layers"], before["targets"], before["starts_sequence"]) == (0, 0, 0)
    info = dependencies.describe(descriptor(50, 1, structure=L3T3))
    assert info is not None
    assert (info["starts_sequence"], info["starts_over"], info["starts_frame"]) == (1, 1, 1)
    second = dependencies.describe(descriptor(50, 1, start=False))
    assert second is not None
    assert (second["starts_sequence"], second["starts_over"], second["starts_frame"]) == (0, 1, 0)
    assert (second["has_frame_number"], second["frame_number"]) == (1, 1)


def test_chains_and_resolutions_are_stepped_over() -> None:
    templates = (Template(0, 0, (2, 2), (), (0, 0)), Template(1, 0, (0, 2), (1,), (0, 1)))
    structure = Structure(templates, 3, (0, 1), 2, ((320, 180), (640, 360)))
    dependencies = window.Dependencies()
    info = dependencies.describe(descriptor(4, 1, structure=structure, active=(0b01, 2)))
    assert info is not None
    assert (info["spatial_layer"], info["spatial_count"]) == (1, 1)
    again = dependencies.describe(descriptor(4, 2, active=(0b11, 2)))
    assert again is not None
    assert again["spatial_count"] == 2


def test_a_frame_may_have_its_own_indications_and_references() -> None:
    dependencies = known(L3T3)
    info = dependencies.describe(descriptor(50, 2, indications=(0,) * 8 + (1,), references=(3, 4)))
    assert info is not None
    assert cells(info["targets"]) == {(s, t) for s in (2, 3) for t in range(2, 8)}
    assert (info["switches"], info["starts_over"]) == (0, 0)
    alone = dependencies.describe(descriptor(51, 2, references=()))
    assert alone is not None
    assert alone["starts_over"] == 1


def test_templates_that_do_not_exist() -> None:
    dependencies = known(L3T3)
    info = dependencies.describe(descriptor(49, 2))
    assert info is not None
    assert (info["has_layers"], info["targets"]) == (0, 0)


def test_a_late_structure_does_not_come_back() -> None:
    dependencies = window.Dependencies()
    dependencies.describe(descriptor(7, 9, structure=L3T3_KEY), 90_000)
    dependencies.describe(descriptor(50, 1, structure=L3T3), 60_000)
    assert dependencies.describe(descriptor(7, 10), 93_000)["has_layers"] == 1
    # A sender that began anew counts from anywhere.
    dependencies.describe(descriptor(50, 1, structure=L3T3), (90_000 - 11 * 90_000) % 2**32)
    assert dependencies.describe(descriptor(50, 2), 0)["has_layers"] == 1


def test_late_news_of_what_is_sent_does_not_undo_newer_ones() -> None:
    """Chromium tells of a change once: what an old packet, sent again, brought back would stay for good."""
    dependencies = known(L3T3)
    lowest, everything = (0b111, 9), (0b111_111_111, 9)

    def count(seconds: float, active: tuple[int, int] | None = None) -> int:
        info = dependencies.describe(descriptor(50, 2, active=active), int(seconds * 90_000) % 2**32)
        assert info is not None
        return int(info["spatial_count"])

    assert count(0.1, lowest) == 1
    assert count(0.2, everything) == 3
    assert count(0.1, lowest) == 3
    assert count(0.3) == 3
    assert count(0.4, lowest) == 1
    assert count(100_000.0, everything) == 3  # long after, with a clock that has wrapped around
    assert count(99_999.9, lowest) == 3


def test_a_structure_that_is_cut_off_changes_nothing() -> None:
    whole = descriptor(7, 9, structure=L3T3_KEY)
    for length in range(3, len(whole) - 1):
        dependencies = known(L3T3)
        templates = dependencies.templates
        info = dependencies.describe(whole[:length])
        assert info is not None
        assert info["starts_sequence"] == (length > 3)
        assert dependencies.templates == templates


def test_fewer_than_three_bytes() -> None:
    assert window.Dependencies().describe(b"") is None
    assert window.Dependencies().describe(b"\x80\x00") is None


@given(st.lists(st.binary(min_size=3, max_size=120), max_size=8), st.booleans())
def test_junk(descriptors: list[bytes], flagged: bool) -> None:
    dependencies = window.Dependencies()
    for data in descriptors:
        junk = data[:3] + bytes([data[3] | 0x80]) + data[4:] if flagged and len(data) > 3 else data
        info = dependencies.describe(junk)
        assert info is not None
        assert info["spatial_layer"] <= 3
        assert info["temporal_layer"] <= 7
        assert info["spatial_count"] <= 4
