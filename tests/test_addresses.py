from __future__ import annotations

import pytest

from mediad.addresses import holder_of


@pytest.mark.parametrize(
    ("host", "holder"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_holders(host: str | None, holder: str) -> None:
    assert holder_of(host) == holder
