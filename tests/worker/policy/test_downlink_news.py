from __future__ import annotations

import pytest

from mediad.worker.policy.downlink_news import DownlinkNews, DownlinkReport

S = 1_000_000


def downlink(available_bps: int) -> DownlinkReport:
    return DownlinkReport(2_000_000, 2_200_000, available_bps)


def told(*steps: tuple[int, int]) -> list[bool]:
    """(bit/s available, when) one after the other: which of them were told?"""
    news = DownlinkNews()
    return [news.is_news(downlink(available_bps), now_us) for available_bps, now_us in steps]


def test_the_first_is_news() -> None:
    assert told((1000, 0)) == [True]


def test_small_changes_wait_for_a_second() -> None:
    assert told((1000, 0), (1100, S - 1), (1100, S)) == [True, False, True]


def test_what_is_the_same_is_never_news() -> None:
    assert told((1000, 0), (1000, 60 * S)) == [True, False]


@pytest.mark.parametrize(("available_bps", "news"), [(751, False), (750, True), (1499, False), (1500, True)])
def test_jumps_do_not_wait(available_bps: int, news: bool) -> None:
    assert told((1000, 0), (available_bps, 1)) == [True, news]


def test_other_wishes_are_news_after_a_second() -> None:
    news = DownlinkNews()
    assert news.is_news(DownlinkReport(1, 2, 1000), 0)
    assert not news.is_news(DownlinkReport(3, 4, 1000), S - 1)
    assert news.is_news(DownlinkReport(3, 4, 1000), S)
