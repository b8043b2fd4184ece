from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import InvalidInput
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.worker.tracks.producer_form import ProducerForm
from tests.support.negotiation import chrome_opus, chrome_vp8, video
from tests.support.worker_objects import as_producer


def form(kind: str = "video", wire: dict[str, Any] | None = None) -> ProducerForm:
    parameters, mapping, _ = as_producer(wire, kind)
    return ProducerForm.of(kind, parameters, mapping)


def test_ssrcs_are_those_that_were_signalled() -> None:
    assert form().ssrcs == frozenset()
    encodings = [{"ssrc": 5, "rtx": {"ssrc": 6}, "maxBitrate": 900_000}]
    read = form(wire=video("video/VP8", encodings=encodings))
    assert read.ssrcs == {5, 6}
    assert (read.encodings, read.max_bitrates_bps) == ([(5, 6, b"")], [900_000])


@pytest.mark.parametrize(("useinbandfec", "fec"), [(1, True), (0, False), (None, False)])
def test_an_encoder_with_fec_hears_of_receivers_losses(useinbandfec: int | None, fec: bool) -> None:
    wire = chrome_opus()
    wire["codecs"][0]["parameters"] = {} if useinbandfec is None else {"useinbandfec": useinbandfec}
    assert form("audio", wire).fec is fec


@pytest.mark.parametrize(
    ("encodings", "inactivity_us"),
    [
        ([{"ssrc": 1}], 0),
        ([{"rid": "a"}, {"rid": "b"}], 1_500_000),
        ([{"rid": "a"}, {"rid": "b", "dtx": True}], 5_000_000),
    ],
)
def test_silence_of_streams_matters_where_there_is_another(
    encodings: list[dict[str, Any]], inactivity_us: int
) -> None:
    assert form(wire=chrome_vp8(encodings=encodings)).inactivity_us == inactivity_us


def test_what_cannot_be_received_is_refused() -> None:
    parameters, _, _ = as_producer()
    with pytest.raises(InvalidInput, match="no entry for payload type"):
        ProducerForm.of("video", parameters, RtpMapping(()))
    with pytest.raises(InvalidInput, match="no media codecs found"):
        ProducerForm.of("video", RtpParameters(codecs=()), RtpMapping(()))
