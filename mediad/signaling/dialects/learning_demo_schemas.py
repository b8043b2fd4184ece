"""The data of every event of the learning demo's clients, as structs that untrusted input meets first."""

from __future__ import annotations

from typing import Any, Literal

from mediad.signaling.dialects.demo_schemas import DtlsParameters
from mediad.signaling.dialects.dialect import Data

MAX_ID_LENGTH = 128
"""The longest room id in characters."""


class Anything(Data):
    """An event without data; whatever object is sent is ignored."""


class CreateTransport(Data):
    sender: bool


class ConnectTransport(Data):
    dtls_parameters: DtlsParameters


class Produce(Data):
    kind: Literal["audio", "video"]
    rtp_parameters: dict[str, Any]


class Consume(Data):
    rtp_capabilities: dict[str, Any]
