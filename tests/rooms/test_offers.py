"""Offers: to whom, in which order, and when."""

from __future__ import annotations

from tests.support.calls import Call, run
from tests.support.rtp_samples import opus


def labels(call: Call, receiving: str) -> list[str]:
    """Return the labels of all channels that were made for this transport, in order."""
    made = [new for data in call.worker.called("dataConsumers.create") for new in data["consumers"]]
    producers = call.worker.data.producers
    return [producers[new["dataProducerId"]]["label"] for new in made if new["transportId"] == receiving]


def test_a_newcomer_is_offered_tracks_then_channels_then_the_bot() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        await ana.produce_data("chat")
        await ana.produce("audio", opus())
        ben = await call.talker("ben")
        assert ben.listener.heard == [], "nothing overtakes the answer to join"
        await call.settle()
        told = [what for what, *_ in ben.listener.heard]
        assert told.index("offered") < told.index("data offered")
        assert [offer.label for offer in ben.listener.data_offers] == ["chat", "bot"]

    run(scenario)


def test_a_newcomer_is_announced_before_its_channels() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        await call.settle()
        ana.listener.heard.clear()
        await (await call.talker("ben")).produce_data()
        await call.settle()
        assert [what for what, *_ in ana.listener.heard] == ["joined", "data offered"]

    run(scenario)


def test_every_label_but_the_bots_goes_to_everybody_who_takes_data() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        deaf = await call.member("deaf")
        for stream_id, label in enumerate(("chat", "position", "bot")):
            await ana.produce_data(label, stream_id)
        await call.settle()
        assert labels(call, ben.receiving) == ["bot", "chat", "position"]
        assert labels(call, ana.receiving) == ["bot"]
        assert deaf.listener.data_offers == []

    run(scenario)


def test_a_client_that_sends_data_takes_it_too() -> None:
    async def scenario(call: Call) -> None:
        await (await call.talker("ana")).produce_data()
        ben = await call.connect("ben")
        await ben.make_transports(enable_sctp=True)
        ben.join()
        await call.settle()
        assert ben.listener.data_offers == []
        for stream_id in (0, 1):
            await ben.produce_data(stream_id=stream_id)
        await call.settle()
        assert [offer.peer_id for offer in ben.listener.data_offers] == ["ana", None]

    run(scenario)
