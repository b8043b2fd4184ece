"""Every item of the list by which servers for mediasoup-demo's apps are judged has a test that names it.

A test names an item by a docstring that begins with `Conformance N:`, wherever it stands.
"""

from __future__ import annotations

import ast
import re

from tests.support.imports import ROOT

ITEMS = {
    1: "without the subprotocol 403, with it echoed",
    2: "without roomId 400; consumerReplicas=undefined accepted",
    3: "mediasoup-version is the first frame; join twice and produce before join are errors",
    4: "the answer to join precedes every newConsumer",
    5: "a client killed between newConsumer and its answer leaves no consumer",
    6: "the same peerId again: 4000 for the old one, the room survives, one change for the others",
    7: "Chrome's simulcast without SSRCs is mapped by MID and RID; producerScore has 3 encodings",
    8: "consumers have the router's numbers; no transport-cc for audio, no goog-remb for video",
    9: "a consumer without RTX: no RTX codec, no plain NACK, PLI and FIR kept",
    10: "H264 4d0032 alone cannot consume 42e01f, VP9 profile 0 not 2",
    11: "a client of TCP alone connects through a passive candidate",
    12: "an ICE restart keeps DTLS and SRTP; old credentials serve until the first new check",
    13: "data: unordered with a limit, unique streams, a closed producer closes the channel",
    14: "probation: SSRC 1234, payload type 127, MID probator, only with a video consumer",
    15: "getConsumerStats: outbound, then inbound; getTransportStats has iceSelectedTuple",
    16: "a broadcaster through ffmpeg, with video/vp8 in small letters, appears in browsers",
    17: "an app of dialect B works on the same port",
}


def named() -> dict[int, list[str]]:
    """Return the tests that name each item."""
    found: dict[int, list[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                item = re.match(r"Conformance (\d+): ", ast.get_docstring(node) or "")
                if item:
                    found.setdefault(int(item[1]), []).append(f"{path.name}:{node.name}")
    return found


def test_every_item_has_a_test_that_names_it() -> None:
    assert sorted(ITEMS.keys() - named().keys()) == []


def test_no_other_item_is_named() -> None:
    assert sorted(named().keys() - ITEMS.keys()) == []
