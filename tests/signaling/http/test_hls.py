"""HLS as players fetch it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import jwt
import pytest

from mediad.errors import NotFound
from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.signaling.http import hls
from mediad.signaling.http.hls import Stream, with_token
from tests.support.signaling import Front, run
from tests.support.tokens import signed_with

PLAYLIST = """\
#EXTM3U
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PART:URI="7.m4s",BYTERANGE="9@0"
#EXTINF:4,
7.m4s
"""


class Shown:
    """A stream in a folder, which grows when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.name, self.peer_id, self.display_name = "1", "ana", "Ana"
        self.folder = folder
        self.newest = (7, 0)
        self._grown = asyncio.Condition()

    async def reached(self, segment: int, part: int, timeout_s: float) -> bool:
        async with self._grown:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._grown.wait_for(lambda: self.newest >= (segment, part))
            except TimeoutError:
                return False
            return True

    async def grow(self, segment: int, part: int) -> None:
        async with self._grown:
            self.newest = (segment, part)
            self._grown.notify_all()


class Room:
    """One room that is shown."""

    def __init__(self, *streams: Stream) -> None:
        self._streams = list(streams)

    def streams(self, room_id: str) -> list[Stream]:
        if room_id != "room":
            raise NotFound(f"room {room_id} is not shown over HLS")
        return self._streams


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.m3u8").write_text(PLAYLIST)
    (tmp_path / "7.m4s").write_bytes(b"0123456789")
    (tmp_path / "init-1.mp4").write_bytes(b"init")
    return tmp_path


def test_what_is_shown_is_listed_and_served(folder: Path) -> None:
    async def scenario(running: Front) -> None:
        status, headers, body = await running.get("/hls/room/streams")
        assert (status, headers["cache-control"]) == (200, "no-store")
        listed = {"peerId": "ana", "displayName": "Ana", "playlist": "1/index.m3u8"}
        assert json.loads(body) == {"streams": [listed]}
        status, headers, body = await running.get("/hls/room/1/index.m3u8")
        assert (status, body.decode()) == (200, PLAYLIST)
        assert headers["content-type"] == "application/vnd.apple.mpegurl"
        assert (await running.get("/hls/room/1/init-1.mp4"))[2] == b"init"
        status, headers, body = await running.get("/hls/room/1/7.m4s", Range="bytes=2-4")
        assert (status, body) == (206, b"234")

    run(scenario, shows=Room(Shown(folder)))


@pytest.mark.parametrize(
    "path",
    [
        "/hls/other/streams",
        "/hls/room/2/index.m3u8",
        "/hls/room/1/8.m4s",
        "/hls/room/1/..%2f..%2fetc%2fpasswd",
        "/hls/room/1/index.m3u8.new",
        "/hls/room/1/%37.m4s%00",
        "/hls/room/%2e%2e/1.m4s",
    ],
)
def test_nothing_else_is_served(folder: Path, path: str) -> None:
    (folder / "index.m3u8.new").write_text("half")

    async def scenario(running: Front) -> None:
        assert (await running.get(path))[0] in (400, 404)

    run(scenario, shows=Room(Shown(folder)))


def test_without_hls_nothing_is_there() -> None:
    async def scenario(running: Front) -> None:
        assert (await running.get("/hls/room/streams"))[0] == 404

    run(scenario)


def test_a_part_is_waited_for(folder: Path) -> None:
    async def scenario(running: Front) -> None:
        asked = asyncio.create_task(running.get("/hls/room/1/index.m3u8?_HLS_msn=7&_HLS_part=1"))
        await asyncio.sleep(0.05)
        assert not asked.done()
        await shown.grow(7, 1)
        assert (await asked)[0] == 200
        asked = asyncio.create_task(running.get("/hls/room/1/index.m3u8?_HLS_msn=7"))
        await shown.grow(7, 2)
        await asyncio.sleep(0.05)
        assert not asked.done(), "the whole segment is wanted"
        await shown.grow(8, 0)
        assert (await asked)[0] == 200

    shown = Shown(folder)
    run(scenario, shows=Room(shown))


def test_what_never_comes_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hls, "WAIT_S", 0.05)

    async def scenario(running: Front) -> None:
        for query, status in (
            ("_HLS_msn=8&_HLS_part=0", 503),
            ("_HLS_msn=999", 400),
            ("_HLS_msn=-1", 400),
            ("_HLS_part=1", 400),
            ("_HLS_msn=" + "9" * 5000, 400),
        ):
            assert (await running.get(f"/hls/room/1/index.m3u8?{query}"))[0] == status, query

    run(scenario, shows=Room(Shown(folder)))


def test_a_stream_that_has_not_begun_says_so(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        status, _, body = await running.get("/hls/room/1/index.m3u8")
        assert (status, body) == (503, b"the stream has not begun yet; try again")

    run(scenario, shows=Room(Shown(tmp_path)))


def test_tokens_are_judged_and_handed_on_to_players(folder: Path) -> None:
    secret = "a secret of more than thirty-two bytes"

    async def scenario(running: Front) -> None:
        own = jwt.encode({"roomId": "room"}, secret, algorithm="HS256")
        deaf = jwt.encode({"roomId": "room", "subscribe": False}, secret, algorithm="HS256")
        other = jwt.encode({"roomId": "another"}, secret, algorithm="HS256")
        for path in ("streams", "1/index.m3u8", "1/7.m4s"):
            assert (await running.get(f"/hls/room/{path}"))[0] == 401
            assert (await running.get(f"/hls/room/{path}?token={other}"))[0] == 401
            assert (await running.get(f"/hls/room/{path}", Authorization=f"Bearer {own}"))[0] == 200
            status, _, reason = await running.get(f"/hls/room/{path}?token={deaf}")
            assert (status, reason) == (403, b"this peer may not receive (grant subscribe)")
        assert (await running.get(f"/hls/room/1/index.m3u8?token={own}"))[2].decode() == (
            f'#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4?token={own}"\n'
            f'#EXT-X-PART:URI="7.m4s?token={own}",BYTERANGE="9@0"\n#EXTINF:4,\n7.m4s?token={own}\n'
        )

    rules = Access(AccessRules(signed_with(secret)))
    run(scenario, settings=SignalingSettings(access=rules), shows=Room(Shown(folder)))


def test_a_token_cannot_change_the_playlist() -> None:
    assert with_token('#EXT-X-MAP:URI="a"\nb\n', '"\n#X') == (
        '#EXT-X-MAP:URI="a?token=%22%0A%23X"\nb?token=%22%0A%23X\n'
    )
