"""Negotiated once for all who can receive the same."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from mediad.ortc import negotiation
from mediad.ortc.negotiation import consumer_parameters
from mediad.ortc.parameters import RtpCapabilities
from mediad.rooms import reception
from mediad.rooms.reception import Reception, Receptions
from tests.support.negotiation import accept, chrome_capabilities, chrome_opus, chrome_vp8, router


class Track:
    def __init__(self, kind: str = "video") -> None:
        wire = chrome_vp8() if kind == "video" else chrome_opus()
        self.consumable = accept(wire, kind=kind).consumable


def capabilities() -> RtpCapabilities:
    return RtpCapabilities.from_wire(chrome_capabilities(router()).to_wire())


@pytest.fixture
def negotiated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each negotiation."""
    done: list[str] = []
    real = negotiation.consumer_parameters

    def counting(*args: Any, **options: Any) -> object:
        done.append("")
        return real(*args, **options)

    monkeypatch.setattr(reception, "consumer_parameters", counting)
    return done


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_a_form_filled_in_is_what_negotiation_says(kind: str) -> None:
    track = Track(kind)
    form = Reception(capabilities()).form(track)
    assert form is not None
    for ssrc, mid in ((700_000_000, "0"), (123_456_789, "17")):
        expected = consumer_parameters(
            track.consumable, capabilities(), enable_rtx=True, ssrc=ssrc, mid=mid
        ).to_wire()
        assert form.fill(ssrc, mid) == expected


def test_peers_of_one_kind_share_one_negotiation(negotiated: list[str]) -> None:
    receptions, track = Receptions(), Track()
    ana, ben = receptions.of(capabilities().to_wire()), receptions.of(capabilities().to_wire())
    assert ana is ben
    assert ana.form(track) is ben.form(track)
    audio = [codec for codec in capabilities().codecs if codec.kind == "audio"]
    other = receptions.of(RtpCapabilities(tuple(audio), ()).to_wire())
    assert other is not ana
    assert other.form(track) is None
    assert len(negotiated) == 1


def test_nothing_outlives_those_it_is_for() -> None:
    receptions, track = Receptions(), Track()
    known = receptions.of(capabilities().to_wire())
    known.form(track)
    del track
    gc.collect()
    assert len(known._forms) == 0
    del known
    gc.collect()
    assert len(receptions._known) == 0
