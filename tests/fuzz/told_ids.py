"""Ids that a server made up, for inputs that have to name them: `$0` is the first one it told."""

from __future__ import annotations

import re

_ID = re.compile(rb'"id":"([0-9A-Za-z_-]{4,64})"')
_PLACE = re.compile(rb"\$([0-9])")


def with_ids(line: bytes, told: bytes) -> bytes:
    """Return the line with each `$N` replaced by the id that was told as the N-th."""
    ids = _ID.findall(told)

    def choose(match: re.Match[bytes]) -> bytes:
        number = int(match[1])
        return ids[number] if number < len(ids) else match[0]

    return _PLACE.sub(choose, line)
