"""Dialect A against clients that ask for what they may not, what is not there, or in the wrong way."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.signaling.dialects.demo_a import METHODS
from tests.support.rtp_samples import opus
from tests.support.signaling import DEVICE, DTLS_PARAMETERS, Failure, Front, run

PEER_METHODS = (
    ("closeProducer", "producer", "producerId"),
    ("pauseProducer", "producer", "producerId"),
    ("resumeProducer", "producer", "producerId"),
    ("getProducerStats", "producer", "producerId"),
    ("pauseConsumer", "consumer", "consumerId"),
    ("resumeConsumer", "consumer", "consumerId"),
    ("requestConsumerKeyFrame", "consumer", "consumerId"),
    ("getConsumerStats", "consumer", "consumerId"),
    ("restartIce", "transport", "transportId"),
    ("getTransportStats", "transport", "transportId"),
)


@pytest.mark.parametrize(("method", "what", "key"), PEER_METHODS)
def test_unknown_ids_are_named(method: str, what: str, key: str) -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        with pytest.raises(Failure) as caught:
            await ana.request(method, {key: "nothing"})
        assert (caught.value.code, caught.value.reason) == (500, f'{what} with id "nothing" not found')

    run(scenario)


def test_members_only() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        for name, method in METHODS.items():
            if method.joined:
                with pytest.raises(Failure) as caught:
                    await ana.request(name, {})
                assert (caught.value.code, caught.value.reason) == (500, "Peer not yet joined")

    run(scenario)


def test_joining_twice() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        for data in ({}, {"displayName": "Ana", "device": DEVICE}):
            with pytest.raises(Failure) as caught:
                await ana.request("join", data)
            assert (caught.value.code, caught.value.reason) == (500, "Peer already joined")

    run(scenario)


def test_unknown_methods() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        for method in ("levitate", "", "__init__"):
            with pytest.raises(Failure) as caught:
                await ana.request(method)
            assert (caught.value.code, caught.value.reason) == (500, f'unknown request.method "{method}"')

    run(scenario)


WRONG: list[tuple[str, Any]] = [
    ("createWebRtcTransport", {"producing": "yes"}),
    ("createWebRtcTransport", [1]),
    ("createWebRtcTransport", "all of them"),
    ("connectWebRtcTransport", {"transportId": 7, "dtlsParameters": DTLS_PARAMETERS}),
    (
        "connectWebRtcTransport",
        {"transportId": "t", "dtlsParameters": {"role": "client", "fingerprints": []}},
    ),
    ("connectWebRtcTransport", {"transportId": "t", "dtlsParameters": {**DTLS_PARAMETERS, "role": "boss"}}),
    (
        "connectWebRtcTransport",
        {"transportId": "t", "dtlsParameters": {"fingerprints": [{"algorithm": "md5", "value": "AA"}]}},
    ),
    (
        "connectWebRtcTransport",
        {"transportId": "t", "dtlsParameters": {"fingerprints": [{"algorithm": "sha-256", "value": "ZZ"}]}},
    ),
    ("restartIce", {}),
    ("restartIce", {"transportId": "t" * 1000}),
    ("produce", {"transportId": "t", "kind": "smell", "rtpParameters": {}}),
    ("produce", {"transportId": "t", "kind": "audio", "rtpParameters": []}),
    ("produce", {"transportId": "t", "kind": "audio", "rtpParameters": {}, "appData": "share"}),
    ("closeProducer", {"producerId": None}),
    ("setConsumerPreferredLayers", {"consumerId": "c", "spatialLayer": -1}),
    ("setConsumerPreferredLayers", {"consumerId": "c", "spatialLayer": 1.5}),
    ("setConsumerPreferredLayers", {"consumerId": "c"}),
    ("setConsumerPriority", {"consumerId": "c", "priority": 0}),
    ("setConsumerPriority", {"consumerId": "c", "priority": True}),
    ("changeDisplayName", {"displayName": {"first": "Ana"}}),
    ("changeDisplayName", {"displayName": "a" * 257}),
]


@pytest.mark.parametrize(("method", "data"), WRONG)
def test_wrong_data_is_an_error_and_nothing_else(method: str, data: Any) -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        before = len(running.worker.requests)
        with pytest.raises(Failure) as caught:
            await ana.request(method, data)
        assert caught.value.code == 500
        assert caught.value.reason.startswith(f"{method}: ")
        await ana.sync()
        assert len(running.worker.requests) == before

    run(scenario)


@pytest.mark.parametrize(
    "data",
    [
        {"device": DEVICE},
        {"displayName": 7, "device": DEVICE},
        {"displayName": "Ana", "device": "toaster"},
        {"displayName": "Ana", "device": DEVICE, "rtpCapabilities": "all"},
        {"displayName": "Ana", "device": DEVICE, "rtpCapabilities": {"codecs": "all"}},
    ],
)
def test_a_wrong_join_leaves_the_door_open(data: dict[str, Any]) -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        with pytest.raises(Failure):
            await ana.request("join", data)
        assert await ana.join() == {"peers": []}

    run(scenario)


def test_rtp_parameters_that_make_no_sense_are_an_error() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        nonsense: list[dict[str, Any]] = [
            {},
            {"codecs": {}},
            {"codecs": [{"mimeType": "audio/opus"}]},
            {**opus(), "encodings": 7},
            {**opus(), "mid": 5},
        ]
        for parameters in nonsense:
            with pytest.raises(Failure) as caught:
                await ana.produce("audio", parameters)
            assert caught.value.code == 500
            assert caught.value.reason != "internal error"
        assert running.worker.called("producer.create") == []

    run(scenario)


def test_app_data_has_a_size() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        with pytest.raises(Failure, match="appData is larger than 16384 bytes"):
            await ana.produce("audio", opus(), novel="x" * 20_000)
        too_many: list[Any] = [[[]] * 254, {str(number): [0] for number in range(127)}]
        for values in too_many:
            with pytest.raises(Failure, match="appData has more than 256 values"):
                await ana.produce("audio", opus(), novel=values)
        await ana.produce("audio", opus(), novel=[[]] * 253)

    run(scenario)


def test_app_data_cannot_claim_to_be_somebody_else() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        await ana.produce("audio", opus(), peerId="cid")
        assert (await ben.asked("newConsumer"))["data"]["appData"] == {"peerId": "ana"}

    run(scenario)
