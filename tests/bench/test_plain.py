"""The set-up of plain transports over HTTP, in small."""

from __future__ import annotations

import pytest

from tests.bench import plain


@pytest.mark.parametrize("own", [True, False])
def test_all_that_are_set_up_receive(own: bool) -> None:
    result = plain.run(plain.Load(receivers=20, connections=3, own_broadcasters=own))
    assert result.receiving == 20
    assert result.requests == 1 + 4 + 20 * (4 if own else 3)
