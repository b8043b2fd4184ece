"""Chromium in one room on two workers: layers change for a receiver on the other side of the pipe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.test_browser_layers import change_layers
from tests.support.browser import Tabs
from tests.support.daemon import Daemon
from tests.support.layer_record import recording


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon whose rooms are on two workers: the sender, who comes first, is on the first one."""
    with Daemon(workers=2, room_spread=2) as daemon:
        yield daemon


@pytest.mark.parametrize("name", ["vp8-simulcast", "vp9-k-svc"])
def test_layers_change_across_a_pipe(
    tabs: Tabs, daemon: Daemon, room_id: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording(daemon.rtc_base_port) as record:
        change_layers(tabs, record, room_id, name, capsys)
    assert [room_id in rooms for rooms in daemon.stats()["distribution"].values()] == [True, True]
