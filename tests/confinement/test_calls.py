"""The tables of system calls are in order: no call twice."""

from __future__ import annotations

import pytest

from mediad.confinement import calls


@pytest.mark.parametrize("name", ["PER_PACKET", "ALLOWED", "WRITING", "RUNNING", "FATAL"])
def test_no_call_stands_twice(name: str) -> None:
    table = getattr(calls, name)
    assert len(set(table)) == len(table)
