"""Headers for browsers: on every answer, and on pages a policy that lets them do what they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mediad.signaling.app import SignalingSettings
from mediad.signaling.security_headers import API_POLICY, PAGE_POLICY
from tests.support.signaling import Front, run

WEB = Path(__file__).parents[2] / "mediad" / "web"


@pytest.mark.parametrize("path", ["/health", "/stats", "/rooms/none", "/nothing/here", "/socket.io/?EIO=4"])
def test_answers_are_no_pages(path: str) -> None:
    async def scenario(front: Front) -> None:
        _, headers, _ = await front.get(path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"] == API_POLICY.lower()
        assert "set-cookie" not in headers

    run(scenario)


def test_pages_have_a_policy_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "watch.html").write_text("<p>")

    async def scenario(front: Front) -> None:
        for path in ("/", "/watch/room"):
            _, headers, _ = await front.get(path)
            assert headers["content-security-policy"] == PAGE_POLICY.lower()
            assert "camera=(self)" in headers["permissions-policy"]
            assert headers["referrer-policy"] == "no-referrer"

    run(scenario, settings=SignalingSettings(web_root=tmp_path))


def test_there_is_no_script_and_no_style_in_the_pages() -> None:
    """The policy forbids them; so none may be in what the bundles are put into."""
    for name in ("index.html", "watch.html"):
        html = (WEB / "src" / name).read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r"<script(?![^>]*\ssrc=)", html)


def test_websockets_pass_as_they_are() -> None:
    async def scenario(front: Front) -> None:
        client = await front.member("ana")
        await client.sync()

    run(scenario)
