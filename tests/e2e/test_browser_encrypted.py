"""End-to-end encrypted frames in Chromium: a call goes on, with layers, though nobody between can read it."""

from __future__ import annotations

from pathlib import Path

from tests.support.browser import Tabs

CIPHER = (Path(__file__).parents[1] / "support" / "frame_cipher.js").read_text()
HEADERS = "{ key: 10, delta: 3, audio: 1 }"
"""Bytes of VP8 and Opus that stay clear: the frame header with its start code, the TOC byte."""


def cipher(clear_bytes: str) -> str:
    return CIPHER.replace("CLEAR_BYTES", clear_bytes)


def test_three_peers_in_layers_with_headers_in_the_clear(tabs: Tabs, room_id: str) -> None:
    script = cipher(HEADERS)
    ana = tabs.open(room_id, "ana", resolution="640x360", script=script)
    ben = tabs.open(room_id, "ben", script=script)
    eve = tabs.open(room_id, "eve", produce="false", script=script)
    for viewer, sender in ((ben, "ana"), (eve, "ana"), (eve, "ben"), (ana, "ben")):
        viewer.until_flowing(sender)
    assert ana.get("framesPassed()") > 0
    consumer_id = eve.consumer("ana", "webcam")["id"]
    for spatial_layer, width in ((0, 320), (1, 640)):
        eve.get("([id, layer]) => mediad.setPreferredLayers(id, layer, 2)", [consumer_id, spatial_layer])
        eve.until(f"a picture {width} wide", lambda: eve.consumer("ana", "webcam").get("frameWidth") == width)
    eve.until_smooth("ana")


def test_a_call_goes_on_where_all_is_encrypted(tabs: Tabs, room_id: str) -> None:
    """Half of the frames seem to be key frames, to browsers too: smoothness is nothing to ask for here."""
    script = cipher("{}")
    tabs.open(room_id, "ana", script=script)
    ben = tabs.open(room_id, "ben", produce="false", script=script)
    ben.until_flowing("ana")
    eve = tabs.open(room_id, "eve", produce="false", script=script)
    eve.until_flowing("ana")
    ben.until_flowing("ana")
