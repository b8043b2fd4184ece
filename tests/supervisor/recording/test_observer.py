"""The observer that does nothing."""

from __future__ import annotations

from mediad.supervisor.recording.observer import RecordingObserver, Subject


def test_it_takes_all_that_it_is_told() -> None:
    observer, subject = RecordingObserver(), Subject("r1", "room", None)
    observer.began(subject, "/srv/r1")
    observer.refused(subject, "no place")
    observer.restarted(subject, "it was killed")
    observer.ended(subject, "stopped", "on request", [], 1.0)
