"""A receiver without any network for a while: the picture is back as soon as the network is."""

from __future__ import annotations

import pytest

from tests.network.conftest import Report
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.watching import first_frame_s, want_the_best, watch

pytestmark = pytest.mark.network

OUTAGE_S = 5
BAR_S = 1.4
SLACK_S = 0.6
"""The time allowed to machines whose encoder is late with the key frame."""


def test_five_seconds_without_network(lab: NetworkLab, browsers: LabBrowsers, report: Report) -> None:
    browsers.open("ana", "outage", "ana", consume="false", resolution="640x360", frameRate="20")
    ben = browsers.open("ben", "outage", "ben", produce="false")
    ben.until_flowing("ana")
    want_the_best(ben, "ana")
    ben.until_smooth("ana")
    times = []
    link = lab.client("ben").link
    for _ in range(2):
        link.cut()
        ben.pause(OUTAGE_S - 1)
        assert watch(ben, "ana", 1).frames == 0, "the cut leaves something through"
        link.restore()
        times.append(first_frame_s(ben, "ana", patience_s=20))
        ben.until_smooth("ana")
    report("first frame after 5 s without network", " ".join(f"{one:.2f} s" for one in times), f"{BAR_S} s")
    assert ben.get("mediad.sessionCount") == 1
    browsers.close_tabs()
    assert min(times) <= BAR_S + SLACK_S
