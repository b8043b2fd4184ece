from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.policy.emulated_link import QUEUE_US, EmulatedLink, LinkSettings

NOW_US = 1_000_000


def test_a_link_without_settings_takes_no_time() -> None:
    link = EmulatedLink(LinkSettings())
    assert [link.send(1200, NOW_US, 0.0) for _ in range(3)] == [NOW_US] * 3


def test_a_delay_is_added() -> None:
    assert EmulatedLink(LinkSettings(delay_us=80_000)).send(100, NOW_US, 0.0) == NOW_US + 80_000


def test_datagrams_leave_at_the_rate_and_the_queue_has_an_end() -> None:
    link = EmulatedLink(LinkSettings(rate_bps=1_000_000))
    arrivals = [link.send(1250, NOW_US, 0.0) for _ in range(60)]
    assert arrivals[:3] == [NOW_US + 10_000, NOW_US + 20_000, NOW_US + 30_000]
    assert arrivals[50] == NOW_US + QUEUE_US + 10_000
    assert arrivals[51:] == [None] * 9
    assert link.send(1250, NOW_US + 1_000_000, 0.0) == NOW_US + 1_010_000


def test_chance_decides_what_is_lost() -> None:
    link = EmulatedLink(LinkSettings(loss_ppm=250_000))
    assert [link.send(1, NOW_US, chance) is None for chance in (0.0, 0.24, 0.25, 0.99)] == [
        True,
        True,
        False,
        False,
    ]
    assert EmulatedLink(LinkSettings(loss_ppm=1_000_000)).send(1, NOW_US, 0.999999) is None


@given(
    st.lists(
        st.tuples(
            st.builds(LinkSettings, st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6)),
            st.integers(1, 2000),
            st.integers(0, 100_000),
            st.floats(0, 1, exclude_max=True),
        ),
        max_size=50,
    )
)
def test_nothing_arrives_early_or_out_of_order(sends: list[tuple[LinkSettings, int, int, float]]) -> None:
    link, now_us, last_us = EmulatedLink(LinkSettings()), NOW_US, 0
    for settings, size, wait_us, chance in sends:
        link.settings = settings
        now_us += wait_us
        if (due_us := link.send(size, now_us, chance)) is not None:
            assert due_us >= max(last_us, now_us + settings.delay_us)
            last_us = due_us
