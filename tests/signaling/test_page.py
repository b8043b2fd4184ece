from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mediad.signaling.app import SignalingSettings
from tests.support.signaling import front

Answer = tuple[int, dict[str, str], bytes]


def get(root: Path, *paths: str) -> list[Answer]:
    async def main() -> list[Answer]:
        async with front(SignalingSettings(web_root=root)) as running:
            return [await running.get(path) for path in paths]

    return asyncio.run(main())


def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    for root in (tmp_path / "missing", tmp_path):
        status, headers, body = get(root, "/")[0]
        assert status == 503
        assert headers["content-type"].startswith("text/plain")
        assert b"./scripts/build" in body


def test_files_are_served_with_their_type_and_never_stale(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.js").write_text("let a;")
    index, script, missing = get(tmp_path, "/", "/assets/app.js", "/assets/none.js")
    assert (index[0], index[2]) == (200, b"<p>")
    assert index[1]["content-type"].startswith("text/html")
    assert (script[0], script[2]) == (200, b"let a;")
    assert "javascript" in script[1]["content-type"]
    assert script[1]["cache-control"] == "no-cache"
    assert script[1]["x-content-type-options"] == "nosniff"
    assert "etag" in script[1]
    assert missing[0] == 404


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "//etc/passwd", "/%00"])
def test_nothing_outside_is_served(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "dist"
    root.mkdir()
    (root / "index.html").write_text("<p>")
    status, _, body = get(root, path)[0]
    assert status in (400, 404)
    assert b"secret" not in body


def test_only_reading_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>")

    async def main() -> int:
        async with front(SignalingSettings(web_root=tmp_path)) as running:
            request = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            status, _, _ = await running.http(request)
            return status

    assert asyncio.run(main()) == 405


def test_the_page_that_plays_what_a_room_shows(tmp_path: Path) -> None:
    (missing,) = get(tmp_path, "/watch/room")
    assert missing[0] == 503
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "watch.html").write_text("<video>")
    page, elsewhere = get(tmp_path, "/watch/room", "/watch/a/b")
    assert (page[0], page[2]) == (200, b"<video>")
    assert page[1]["content-type"].startswith("text/html")
    assert elsewhere[0] == 404
