from __future__ import annotations

from mediad.worker.policy.speaker import SpeakerWatch


def test_the_loudest_of_an_interval() -> None:
    watch = SpeakerWatch()
    watch.heard("ana", -40)
    watch.heard("ben", -30)
    watch.heard("ana", -35)
    assert watch.decide() == ("ben", -30)
    watch.heard("ana", -50)
    assert watch.decide() == ("ana", -50)


def test_the_peak_of_an_interval_counts() -> None:
    watch = SpeakerWatch()
    for dbov in (-60, -20, -70):
        watch.heard("ana", dbov)
    watch.heard("ben", -25)
    assert watch.decide() == ("ana", -20)


def test_whispers_do_not_count() -> None:
    watch = SpeakerWatch()
    watch.heard("ana", -81)
    assert watch.decide() is None
    watch.heard("ana", -80)
    assert watch.decide() == ("ana", -80)


def test_silence_is_told_once_after_a_spare_interval() -> None:
    watch = SpeakerWatch()
    watch.heard("ana", -40)
    assert watch.decide() == ("ana", -40)
    assert not watch.idle
    assert [watch.decide() for _ in range(4)] == [None, (None, 0), None, None]
    assert watch.idle


def test_a_late_level_is_no_silence() -> None:
    watch = SpeakerWatch()
    watch.heard("ana", -40)
    watch.decide()
    assert watch.decide() is None
    watch.heard("ana", -40)
    assert watch.decide() == ("ana", -40)
    assert watch.decide() is None


def test_nothing_to_tell_before_anybody_spoke() -> None:
    watch = SpeakerWatch()
    assert watch.idle
    assert watch.decide() is None
    watch.heard("ana", -40)
    assert not watch.idle


def test_who_left_is_not_heard() -> None:
    watch = SpeakerWatch()
    watch.heard("ana", -40)
    watch.heard("ben", -50)
    watch.forget("ana")
    watch.forget("nobody")
    assert watch.decide() == ("ben", -50)
