"""The application's paths: signaling, the page and the node's state on one port."""

from __future__ import annotations

from pathlib import Path

from mediad.signaling.app import SignalingSettings
from tests.support.signaling import Front, run


def test_the_page_and_signaling_share_the_root(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>call</title>")

    async def scenario(running: Front) -> None:
        status, _, body = await running.get("/?roomId=r")
        assert (status, body) == (200, b"<title>call</title>")
        await running.member("ana")

    run(scenario, settings=SignalingSettings(web_root=tmp_path))
