"""Junk in the bodies and paths of the HTTP API: every request gets an answer that blames the right side."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediad.signaling.dialects.demo_schemas import Produce
from mediad.signaling.http import broadcaster_schemas as schemas
from mediad.signaling.http.broadcaster_orders import ORDERS
from tests.support.broadcasting import Owner, ask
from tests.support.dialect_junk import anything, data_of
from tests.support.rtp_samples import opus
from tests.support.signaling import Front, run

BODIES: list[type[msgspec.Struct]] = [
    *(schemas.CreateA, schemas.CreateB, schemas.CreateTransport, schemas.ConnectTransport),
    *(schemas.ProduceOn, Produce, schemas.ConsumeB, schemas.ProduceData, schemas.ConsumeData),
    *(schemas.ConnectPlain, schemas.ConsumeOn, schemas.Resume),
]
body = st.one_of([data_of(schema) for schema in BODIES]) | anything
order = st.tuples(st.sampled_from([("POST", None), *((method, path) for method, path, _ in ORDERS)]), body)

BLAMED = {200, 201, 204, 400, 404, 409, 500}


async def answer_all(running: Front, orders: list[tuple[tuple[str, str | None], Any]]) -> None:
    ana = await running.member("ana")
    producer_id = await ana.produce("audio", opus())
    cam = Owner(running, "cam")
    made = ""
    for (method, path), data in orders:
        if not made:
            await cam.create_in_a(ana.capabilities)
            made = (await cam.post("/transports", {"type": "webrtc", "sctpCapabilities": {}})).data["id"]
        for name, value in (("$sending", made), ("$receiving", made), ("$producer", producer_id)):
            data = {k: value if v == name else v for k, v in data.items()} if isinstance(data, dict) else data
        where = cam.all if path is None else f"{cam.all}/cam{path}"
        url = where.format(transport_id=made, consumer_id="nothing") + f"?producerId={producer_id}"
        answer = await ask(running, method, url, data)
        assert answer.status in BLAMED, (method, path, data, answer)
        assert "Traceback" not in answer.text
        if method == "DELETE" and answer.status == 200:
            made = ""
    await ana.sync()


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(orders=st.lists(order, min_size=20, max_size=60))
def test_every_request_is_answered(
    caplog: pytest.LogCaptureFixture, orders: list[tuple[tuple[str, str | None], Any]]
) -> None:
    caplog.clear()
    run(lambda running: answer_all(running, orders))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
