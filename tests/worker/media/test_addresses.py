from __future__ import annotations

from ipaddress import ip_network
from unittest.mock import Mock

import pytest

from mediad.errors import InvalidInput
from mediad.protocols.ice import IceParameters
from mediad.worker.media.plane import MediaPlane
from tests.support.plane_objects import PATH
from tests.support.recording_loop import RecordingLoop, recorded_plane
from tests.support.worker_objects import OPTIONS


def test_sockets_of_its_own_and_the_other_side() -> None:
    plane, loop = recorded_plane()
    transport = plane.open_transport(Mock(), OPTIONS, credentials=None, rtcp_ssrc=5, secure=False)
    plane.own_socket(transport, 3, learn=True)
    plane.own_socket(transport, 4, rtcp=True)
    plane.set_remote(transport, PATH)
    assert loop.calls[0].parameters["username_fragment"] == b""
    assert list(loop.calls[1:]) == [
        ("own_socket", (transport, 3), {"rtcp": False, "learn": True}),
        ("own_socket", (transport, 4), {"rtcp": True, "learn": False}),
        ("set_remote", (transport, 3, "198.51.100.7", 5004, ""), {"rtcp": False}),
    ]


def test_an_empty_user_name_is_a_mistake() -> None:
    plane, _ = recorded_plane()
    with pytest.raises(InvalidInput, match="user name"):
        plane.open_transport(Mock(), OPTIONS, credentials=IceParameters("", "password"), rtcp_ssrc=5)


def rows(plane: MediaPlane, loop: RecordingLoop, networks: list[str]) -> list[tuple[int | str, ...]]:
    plane.allow_sources([ip_network(network) for network in networks])
    return [call.args for call in loop.named("allow_source")]


def test_networks_go_down_row_by_row() -> None:
    plane, loop = recorded_plane()
    assert rows(plane, loop, ["127.0.0.0/8", "2001:db8::/32"]) == [
        (0, 2, "127.0.0.0", 8),
        (1, 2, "2001:db8::", 32),
    ]


def test_no_network_empties_the_table() -> None:
    plane, loop = recorded_plane()
    assert rows(plane, loop, []) == [(0, 0, "::", 0)]


def test_more_networks_than_can_be_held() -> None:
    plane, _ = recorded_plane()
    with pytest.raises(InvalidInput, match="33 networks"):
        plane.allow_sources([ip_network(f"10.0.{n}.0/24") for n in range(33)])
