"""The source of a track, by which a recording puts a camera and its microphone into one file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

CAMERA, SCREEN = "camera", "screen"

_SCREEN_WORDS = ("screen", "share", "display", "desktop")


def source_of(app_data: dict[str, Any]) -> str:
    """Return "screen" for a track of a shared screen, sound included, and "camera" for any other.

    Apps say what a track is in words of their own: `{"share": true}` and `{"source": "screen"}` are both in
    use, and some say nothing of a microphone.
    """
    for name, value in app_data.items():
        if value is True and _is_screen(name):
            return SCREEN
        if isinstance(value, str) and name.lower() in ("source", "type", "mediatag", "kind", "label"):
            return SCREEN if _is_screen(value) else CAMERA
    return CAMERA


def free_name(source: str, taken: Collection[str]) -> str:
    """Return the source, with a number when `taken` has it: a peer may send two cameras."""
    if source not in taken:
        return source
    number = 2
    while f"{source}-{number}" in taken:
        number += 1
    return f"{source}-{number}"


def _is_screen(text: str) -> bool:
    return any(word in text.lower() for word in _SCREEN_WORDS)
