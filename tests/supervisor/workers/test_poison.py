"""What makes two requests the same, and how often it may have been there when a worker died."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.supervisor.workers import poison
from mediad.supervisor.workers.poison import REFUSED_S, STRIKES, Quarantine, marks


def produce(ssrc: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "transportId": f"t{ssrc}",
        "producerId": f"p{ssrc}",
        "kind": "audio",
        "rtpParameters": {"encodings": [{"ssrc": ssrc}], "rtcp": {"cname": f"c{ssrc}"}},
        "rtpMapping": {"encodings": [{"ssrc": ssrc, "mappedSsrc": ssrc + 7}]},
        **changes,
    }


def test_a_client_that_repeats_itself_is_recognised() -> None:
    first, again = marks("ana", "producer.create", produce(1)), marks("ana", "producer.create", produce(2))
    assert set(first) & set(again)


@pytest.mark.parametrize(
    ("asker", "method", "data"),
    [
        ("ben", "producer.create", produce(2)),
        ("ana", "producer.pause", produce(1)),
        ("ana", "producer.create", produce(1, kind="video")),
    ],
    ids=["somebody else", "something else", "otherwise"],
)
def test_others_are_not_taken_for_it(asker: str, method: str, data: dict[str, Any]) -> None:
    assert not set(marks("ana", "producer.create", produce(1))) & set(marks(asker, method, data))


def test_the_same_words_under_another_name_are_recognised() -> None:
    words = {"rtpParameters": {"encodings": [{"ssrc": 0}]}}
    one, other = (
        marks(name, "producer.create", {**produce(n), **words, "rtpMapping": {}})
        for n, name in enumerate(("ana", "ben"))
    )
    assert set(one) & set(other)
    plain = [marks(name, "transport.create", {"forceTcp": False}) for name in ("ana", "ben")]
    assert not set(plain[0]) & set(plain[1])  # everybody says that


def test_what_must_never_be_refused_has_no_marks() -> None:
    assert marks(None, "router.create", {"routerId": "r"}) == ()
    assert marks("ana", "transport.close", {"transportId": "t"}) == ()


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
    st.recursive(
        st.none() | st.integers() | st.text("abc"),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["ssrc", "kind", "transportId"]), inner)
        ),
    )
)
def test_any_data_has_marks_that_do_not_depend_on_its_order(value: Any) -> None:
    data = {"a": value, "b": 1}
    assert marks("x", "m", data) == marks("x", "m", dict(reversed(data.items())))


def _making(producer_id: str, produced_by: str, ssrc: int, **words: Any) -> dict[str, Any]:
    form = {
        "producerId": producer_id,
        "producedBy": produced_by,
        "type": "simple",
        "rtpParameters": {"encodings": [{"ssrc": 0}], **words},
    }
    return {"forms": [form], "consumers": [{"consumerId": "c", "transportId": "t", "form": 0, "ssrc": ssrc}]}


def test_consumers_made_together_are_known_by_whose_track_it_is_and_its_form() -> None:
    ana = marks("ben", "consumers.create", _making("p1", "ana", 1))
    assert ana == marks("cid", "consumers.create", _making("p2", "ana", 2)), "whoever asks, whatever is drawn"
    assert not set(ana) & set(marks("ben", "consumers.create", _making("p1", "dee", 1)))
    assert not set(ana) & set(marks("ben", "consumers.create", _making("p1", "ana", 1, codecs=[])))
    both = _making("p1", "ana", 1)
    both["forms"] += _making("p3", "dee", 1)["forms"]
    assert set(marks(None, "consumers.create", both)) > set(ana)


def test_and_resumed_together_by_whose_tracks_they_are() -> None:
    ana, both = ({"consumerIds": ["c"], "producedBy": by} for by in (["ana"], ["ana", "dee"]))
    assert set(marks("ben", "consumers.resume", ana)) < set(marks("cid", "consumers.resume", both))
