"""Handlers of both dialects, and what they hand to a seat."""

from __future__ import annotations

from mediad.signaling.dialects import demo_handlers
from mediad.signaling.dialects import demo_schemas as schemas
from mediad.signaling.dialects.demo_a import DEMO_A
from mediad.signaling.dialects.demo_b import DEMO_B
from tests.support.calls import Call, run, told
from tests.support.rtp_samples import opus


def test_controls_are_requests_in_one_dialect_and_notifications_in_the_other() -> None:
    assert demo_handlers.CONTROLS.items() <= DEMO_A.methods.items()
    assert DEMO_B.notifications == demo_handlers.CONTROLS
    assert not set(DEMO_B.notifications) & set(DEMO_B.methods)


def test_a_track_is_marked_with_its_sender() -> None:
    async def scenario(call: Call) -> None:
        guest = await call.member("ana")
        data = schemas.Produce(guest.sending, "audio", opus(), {"peerId": "somebody else", "source": "audio"})
        producer = told(await demo_handlers.produce(guest.seat, data))
        assert producer.app_data == {"peerId": "ana", "source": "audio"}

    run(scenario)


def test_joining_answers_with_the_others_and_their_addresses() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ben", address="192.0.2.7")
        guest = await call.connect("ana")
        others = told(await demo_handlers.join(guest.seat, schemas.Join("Ana"), takes_data=False))
        assert [(other.id, other.address) for other in others] == [("ben", "192.0.2.7")]

    run(scenario)
