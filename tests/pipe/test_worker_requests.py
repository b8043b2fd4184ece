"""Requests about the process: none of them names a room."""

from __future__ import annotations

import msgspec

from tests.support.pipe_wire import REQUESTS


def test_no_request_about_the_process_names_an_object() -> None:
    about_it = [kind for row, kind in REQUESTS.items() if row.startswith("worker.")]
    assert len(about_it) == 4
    for kind in about_it:
        assert not [name for name in msgspec.structs.fields(kind) if name.name.endswith("_id")]
