"""Rows of scripts/chaos name attacks and tests that exist."""

from __future__ import annotations

import pytest

from tests.attack.__main__ import SIDE_BY_SIDE
from tests.attack.attacks import ATTACKS
from tests.attack.rows import ROWS, Row
from tests.support.imports import ROOT
from tests.test_architecture_docs import names_in


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_what_a_row_names_exists(row: Row) -> None:
    assert {*row.attacks} <= {*ATTACKS}
    assert row.attacks or row.tests
    for test in row.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), path
        assert not name or name in names_in(ROOT / path), test


def test_no_name_stands_twice() -> None:
    assert {*ROWS} & {*ATTACKS} == set()
    assert {*SIDE_BY_SIDE} <= {*ATTACKS}
