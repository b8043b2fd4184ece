"""The examples that publish and watch, as docs/broadcasting.md starts them."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from tests.e2e.test_plain_watch import probed
from tests.support.browser import Tabs
from tests.support.daemon import Daemon
from tests.support.imports import ROOT
from tests.support.mediactl import run_mediactl as mediactl
from tests.support.programs import Program, needs_ffmpeg, needs_gstreamer

EXAMPLES = ROOT / "scripts" / "examples"


def example(daemon: Daemon, name: str, *arguments: str) -> Program:
    return Program(str(EXAMPLES / name), *arguments, "--server", daemon.url)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("publish-ffmpeg", marks=needs_ffmpeg),
        pytest.param("publish-gstreamer", marks=needs_gstreamer),
    ],
)
def test_an_example_publishes_until_it_is_stopped(
    daemon: Daemon, tabs: Tabs, room_id: str, name: str
) -> None:
    with example(daemon, name, room_id) as program:
        ben = tabs.open(room_id, "ben", produce="false")
        ben.until("two tracks", lambda: len(ben.consumers()) == 2)
        peer_id = ben.consumers()[0]["peerId"]
        ben.until_flowing(peer_id, *{track["source"] for track in ben.consumers()})
        program.finish()
        ben.until("the end", lambda: not ben.consumers())
        assert "broadcaster" not in mediactl(daemon.admin_socket, "peers").out


@needs_ffmpeg
def test_an_example_writes_what_somebody_sends_to_a_file(
    daemon: Daemon, tabs: Tabs, room_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "ana.mkv"
    ana = tabs.open(room_id, "ana")
    ana.until("both tracks", lambda: len(ana.get("mediad.producers")) == 2)
    with example(daemon, "watch-ffplay-or-file", room_id, "--peer", "ana", "--file", str(path)) as program:
        ana.until("a file", lambda: path.exists() and path.stat().st_size > 100_000)
        program.finish()
    assert sorted(stream["codec_type"] for stream in probed(path)) == ["audio", "video"]


def test_a_track_that_begins_a_moment_after_the_first_is_watched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps send one track, and then the next: what a look between the two shows is not all."""
    monkeypatch.setattr("sys.path", [str(EXAMPLES), *sys.path])
    monkeypatch.setattr("time.sleep", lambda _: None)
    watch = runpy.run_path(str(EXAMPLES / "watch-ffplay-or-file"))
    mic, webcam = ({"kind": kind, "producerId": kind} for kind in ("audio", "video"))
    looks = iter([[], [mic], [mic, webcam], [mic, webcam]])

    class Room:
        def get(self, path: str) -> dict[str, object]:
            assert path == "/peerProducersInfos"
            return {"peerProducersInfos": [{"peerId": "ana", "producers": next(looks)}]}

    assert watch["choose"](Room(), "ana") == [mic, webcam]


def test_the_page_names_the_examples_and_their_options() -> None:
    page = (ROOT / "docs" / "broadcasting.md").read_text()
    for name in ("publish-ffmpeg", "publish-gstreamer", "watch-ffplay-or-file"):
        assert re.search(rf"scripts/examples/{name} lobby`", page)
