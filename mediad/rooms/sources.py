"""Sources of tracks: what a client says that it sends, in the words of any dialect.

Dialect B names the source in appData, dialect A marks a screen with `share`, MeetLite with `screen`, and a
track without such a word is a microphone or a camera. Tokens name sources too, some in words of other
servers. All that are known become one of four words here; others stay as they are.

A client's word is all that is known of a source, except that sound is no picture: a camera that is called a
microphone is still a camera.
"""

from __future__ import annotations

from typing import Any

MICROPHONE, CAMERA, SCREEN, SCREEN_SOUND = "audio", "video", "screensharing", "screensharing-audio"

_WORDS = {
    MICROPHONE: ("audio", "mic", "microphone"),
    CAMERA: ("video", "webcam", "camera", "cam"),
    SCREEN: ("screensharing", "share", "screen", "screen_share", "screen-video", "screenshare"),
    SCREEN_SOUND: ("screensharing-audio", "screen_share_audio", "screen-audio"),
}

_MEANINGS = {word: source for source, words in _WORDS.items() for word in words}

_SCREENS = {"audio": SCREEN_SOUND, "video": SCREEN}
"""The part of a shared screen that a track of each kind is."""

_DEVICES = {"audio": MICROPHONE, "video": CAMERA}
"""The source of a track of each kind about which nothing is said."""


def meaning(word: str) -> str:
    """Return the source that a word of a dialect or a token stands for; an unknown word stands for itself."""
    return _MEANINGS.get(word, word)


def sources_of(kind: str, app_data: dict[str, Any]) -> frozenset[str]:
    """Return the sources of a track: one, unless its client's words contradict each other or its kind."""
    said: set[str] = set()
    if isinstance(word := app_data.get("source"), str):
        said.add(_as_kind(meaning(word), kind))
    if app_data.get("share") or app_data.get("screen"):
        said.add(_SCREENS[kind])
    if not said or said & {MICROPHONE, CAMERA}:
        said.add(_DEVICES[kind])
    return frozenset(said)


def _as_kind(source: str, kind: str) -> str:
    return _SCREENS[kind] if source in (SCREEN, SCREEN_SOUND) else source
