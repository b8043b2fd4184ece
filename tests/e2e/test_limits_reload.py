"""Limits that a reload changes: rates, caps and trusted proxies hold for the next client."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.daemons import TINY_DAEMON, running
from tests.support.mediactl import run_mediactl


def maxima(admin_socket: str) -> dict[str, int | None]:
    said = run_mediactl(admin_socket, "limits", "--json")
    assert said.code == 0, said.err
    return {row["name"]: row["maximum"] for row in json.loads(said.out)["limits"]}


def test_new_limits_are_in_force_after_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "mediad.toml"
    file.write_text("max_joins_per_s = 5\n")
    with running("--config", str(file), "--workers", "1", command=TINY_DAEMON) as daemon:
        daemon.wait_ready()
        before = maxima(daemon.admin_socket)
        assert (before["joins"], before["room_peers"], before["address_rooms"]) == (200, 1000, 1000)
        assert 0 < (before["rooms"] or 0) <= 8192
        file.write_text(
            "max_joins_per_s = 7\nmax_rooms = 3\nmax_peers_per_room = 9\nmax_rooms_per_address = 2\n"
            "max_connections_per_address = 11\n"
        )
        assert run_mediactl(daemon.admin_socket, "reload").code == 0
        after = maxima(daemon.admin_socket)
        assert (after["joins"], after["rooms"], after["room_peers"]) == (280, 3, 9)
        assert (after["address_rooms"], after["address_connections"]) == (2, 11)
