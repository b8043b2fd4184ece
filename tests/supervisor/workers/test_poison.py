"""Marks that make two requests the same, and the deaths after which a request is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.pipe import data_requests, requests, rtp, transport_requests
from mediad.pipe.messages import Request
from mediad.pipe.requests import CreateConsumers, ResumeConsumers
from mediad.supervisor.workers import poison
from mediad.supervisor.workers.poison import REFUSED_S, STRIKES, Quarantine, marks
from tests.support.pipe_wire import request


def produce(ssrc: int = 1, **changes: Any) -> Request[Any]:
    wording = {
        "transportId": f"t{ssrc}",
        "producerId": f"p{ssrc}",
        "kind": "audio",
        "rtpParameters": {"codecs": [], "encodings": [{"ssrc": ssrc}], "rtcp": {"cname": f"c{ssrc}"}},
        "rtpMapping": {"codecs": []},
    }
    return request("producer.create", **{**wording, **changes})


def test_a_client_that_repeats_itself_is_recognised() -> None:
    assert set(marks("ana", produce(1))) & set(marks("ana", produce(2)))


@pytest.mark.parametrize(
    ("asker", "asked"),
    [
        ("ben", produce(2)),
        ("ana", request("producer.pause", producerId="p1")),
        ("ana", produce(1, kind="video")),
    ],
    ids=["somebody else", "something else", "otherwise"],
)
def test_others_are_not_taken_for_it(asker: str, asked: Request[Any]) -> None:
    assert not set(marks("ana", produce(1))) & set(marks(asker, asked))


def test_the_same_words_under_another_name_are_recognised() -> None:
    words = {"rtpParameters": {"codecs": [], "encodings": [{"ssrc": 7}]}}
    one, other = (marks(name, produce(n, **words)) for n, name in enumerate(("ana", "ben")))
    assert set(one) & set(other)
    plain = [
        marks(name, request("transport.create", routerId="r", transportId=name)) for name in ("ana", "ben")
    ]
    assert not set(plain[0]) & set(plain[1])  # everybody says that


def test_a_chat_is_recognised_by_who_opens_it_alone() -> None:
    def chat(number: int) -> Request[Any]:
        ids = {"transportId": f"t{number}", "dataProducerId": f"p{number}"}
        return request("dataProducer.create", **ids, sctpStreamParameters={"streamId": 0}, label="chat")

    assert marks("ana", chat(1)) == marks("ana", chat(2))
    assert not set(marks("ana", chat(1))) & set(marks("ben", chat(1)))


def test_what_must_never_be_refused_has_no_marks() -> None:
    assert marks(None, request("router.create", routerId="r")) == ()
    assert marks("ana", request("transport.close", transportId="t")) == ()
    assert marks("ana", request("dataProducer.close", dataProducerId="p")) == ()
    new = {"dataConsumerId": "c", "transportId": "t", "dataProducerId": "p"}
    assert marks("ana", request("dataConsumers.create", consumers=[new])) == ()


def test_two_strikes_and_it_is_refused_for_a_while() -> None:
    quarantine = Quarantine()
    assert not quarantine
    assert not quarantine.strike([b"a"], 0.0)
    assert quarantine
    assert not quarantine.refuses([b"a"], 1.0)
    assert quarantine.strike([b"a", b"a", b"b"], 2.0)
    assert quarantine.refuses([b"x", b"a"], 3.0)
    assert not quarantine.refuses([b"b"], 3.0)
    assert not quarantine.refuses([b"a"], 2.0 + REFUSED_S)
    assert quarantine.strike([b"a"], 2.0 + REFUSED_S)  # its one more chance
    assert quarantine.refuses([b"a"], 3.0 + REFUSED_S)


def test_a_request_struck_twice_at_once_has_one_strike() -> None:
    quarantine = Quarantine()
    quarantine.strike([b"a"] * STRIKES, 0.0)
    assert not quarantine.refuses([b"a"], 0.0)


def test_an_answer_clears() -> None:
    quarantine = Quarantine()
    quarantine.strike([b"a"], 0.0)
    quarantine.clear([b"a", b"unknown"])
    assert not quarantine


def test_suspects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poison, "MAX_SUSPECTS", 3)
    quarantine = Quarantine()
    for _ in range(STRIKES):
        quarantine.strike([b"a", b"b", b"c", b"d"], 0.0)
    assert [quarantine.refuses([mark], 0.0) for mark in (b"b", b"c", b"d")] == [True] * 3


@given(
    st.dictionaries(st.text("abc"), st.none() | st.integers() | st.text("abc") | st.lists(st.integers())),
)
def test_any_words_have_marks_that_do_not_depend_on_their_order(words: dict[str, Any]) -> None:
    codec = {"mimeType": "audio/opus", "payloadType": 100, "clockRate": 48000}
    one, other = (
        produce(rtpParameters={"codecs": [{**codec, "parameters": dict(parameters)}]})
        for parameters in (words.items(), reversed(words.items()))
    )
    assert marks("x", one) == marks("x", other)


def test_what_is_left_out_of_marks_are_fields_of_messages() -> None:
    kinds = [kind for kind in vars(requests).values() if isinstance(kind, msgspec.StructMeta)]
    kinds += [kind for kind in vars(data_requests).values() if isinstance(kind, msgspec.StructMeta)]
    kinds += [kind for kind in vars(transport_requests).values() if isinstance(kind, msgspec.StructMeta)]
    kinds += [kind for kind in vars(rtp).values() if isinstance(kind, msgspec.StructMeta)]
    fields = {name for kind in kinds for name in kind.__struct_encode_fields__}
    assert fields >= poison._DRAWN_BY_CLIENTS


def _making(producer_id: str, produced_by: str, ssrc: int, mid: str = "") -> CreateConsumers:
    parameters = rtp.RtpParameters((), mid=mid, encodings=(rtp.Encoding(),))
    form = requests.Form(producer_id, "simple", parameters, produced_by)
    return CreateConsumers([form], [requests.NewConsumer("c", "t", 0, ssrc)])


def test_consumers_made_together_are_known_by_whose_track_it_is_and_its_form() -> None:
    ana = marks("ben", _making("p1", "ana", 1))
    assert ana == marks("cid", _making("p2", "ana", 2)), "whoever asks, whatever is drawn"
    assert not set(ana) & set(marks("ben", _making("p1", "dee", 1)))
    assert not set(ana) & set(marks("ben", _making("p1", "ana", 1, mid="other")))
    both = _making("p1", "ana", 1)
    both.forms += _making("p3", "dee", 1).forms
    assert set(marks(None, both)) > set(ana)


def test_and_resumed_together_by_whose_tracks_they_are() -> None:
    ana, both = (ResumeConsumers(["c"], by) for by in (["ana"], ["ana", "dee"]))
    assert set(marks("ben", ana)) < set(marks("cid", both))
