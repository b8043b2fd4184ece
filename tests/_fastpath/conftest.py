"""Fixtures shared by the tests of the native code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.media_loop import LoopHarness


@pytest.fixture
def harness() -> Iterator[LoopHarness]:
    harness = LoopHarness()
    yield harness
    harness.close()
