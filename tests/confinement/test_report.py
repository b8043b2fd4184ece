"""Confinement in the words that operators read."""

from __future__ import annotations

from mediad.confinement.report import Confinement


def test_in_words() -> None:
    assert str(Confinement("own", 7)) == "seccomp: own list, Landlock: version 7"
    assert str(Confinement("inherited")) == "seccomp: systemd's or the container's, Landlock: none"
    assert str(Confinement()) == "seccomp: none, Landlock: none"
    assert str(Confinement(off=True)) == "not confined: confinement is off"
