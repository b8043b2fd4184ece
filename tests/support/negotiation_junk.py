"""Hypothesis strategies for input nobody vouches for."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 130)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["audio", "video", "video/VP8", "video/rtx", "L3T3", "42e01f", "r0", "\ud800"])
)


def json_values() -> st.SearchStrategy[Any]:
    """Return all values of a JSON parser, infinities and lone surrogates included."""
    return st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    )


@st.composite
def corrupted(draw: st.DrawFn, sample: Any) -> Any:
    """`sample` with a few values anywhere inside it replaced, removed or doubled."""
    wire = copy.deepcopy(sample)
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(_places(wire)))
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                holder[key] = draw(json_values())
            case "remove":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
        if not _places(wire):
            break
    return wire


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]
