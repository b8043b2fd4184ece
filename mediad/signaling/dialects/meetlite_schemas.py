"""The events and tokens of MeetLite's clients, as structs that untrusted input meets first."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from mediad.signaling.dialects.demo_schemas import DtlsParameters, Id
from mediad.signaling.dialects.dialect import Data

Direction = Literal["send", "recv"]
Kind = Literal["audio", "video", "screen-video", "screen-audio"]
"""A kind of track; a participant has one of each at most."""

Text = Annotated[str, Meta(max_length=256)]

UserNumber = Annotated[int, Meta(ge=0, le=2**53)]
"""The id of a user in a database; larger numbers are none that JavaScript can write."""


class Claims(Data):
    """The claims of a token, as far as they are used; others are ignored."""

    user_id: Id | UserNumber
    email: Text = ""
    name: Text | None = None
    room_id: Id | None = None
    """The only room that the token admits to, if it names one."""


class JoinRoom(Data):
    room_id: Id


class CreateTransport(Data):
    direction: Direction
    room_id: Id | None = None


class ConnectTransport(Data):
    direction: Direction
    dtls_parameters: DtlsParameters


class SetRtpCapabilities(Data):
    rtp_capabilities: dict[str, Any]


class CreateProducer(Data):
    kind: Kind
    rtp_parameters: dict[str, Any]
    app_data: dict[str, Any] | None = None


class ProducerKind(Data):
    kind: Kind


class ConsumerData(Data):
    consumer_id: Id
