"""The common parameters of consumers of one track."""

from __future__ import annotations

import msgspec
import pytest

from mediad.errors import InvalidInput
from mediad.pipe.rtp import RtpParameters
from mediad.worker.tracks.consumer_form import ConsumerForm, first_numbers
from tests.support.worker_objects import as_producer


def parameters() -> RtpParameters:
    _, _, consumer = as_producer()
    return msgspec.convert(consumer["rtp_parameters"], RtpParameters)


def test_it_is_read_from_the_parameters() -> None:
    given = parameters()
    form = ConsumerForm.of("simulcast", given)
    codec, rtx = given.codecs[:2]
    assert (form.mime_type, form.clock_rate) == (codec.mime_type, 90_000)
    assert form.codecs == [(codec.payload_type, rtx.payload_type)]
    assert (form.spatial_layers, form.temporal_layers) == (3, 3)
    assert form.nack


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("encodings", "rtpParameters.encodings is empty"), ("codecs", "no media codecs found")],
)
def test_what_cannot_be_sent_is_refused(missing: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        ConsumerForm.of("simple", msgspec.structs.replace(parameters(), **{missing: ()}))


def test_the_first_numbers_of_a_stream_are_random() -> None:
    drawn = [first_numbers() for _ in range(50)]
    assert len({numbers["first_timestamp"] for numbers in drawn}) == 50
    for numbers in drawn:
        assert 0 <= numbers["first_timestamp"] < 2**32
        assert 1000 <= numbers["first_sequence_number"] < 32768
        assert 1000 <= numbers["first_rtx_sequence_number"] < 32768
