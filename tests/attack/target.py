"""The target of attacks, and the outcome of one; both cross process borders as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt

Endpoint = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A daemon, and the call in it that is to be disturbed."""

    front: Endpoint
    media: Endpoint
    """The UDP and TCP port of the worker that has the call."""
    secret: str
    """The secret of tokens; attackers that are peers of a room sign theirs with it."""
    client: Endpoint
    """The address of the sender in the call, which attackers that can forge addresses use."""
    server_fragment: str
    """The ICE username fragment that the sender's checks carry, which who sees one of them knows."""
    ssrc: int
    """The SSRC of the sender's stream."""
    recorded: tuple[str, ...] = ()
    """Encrypted packets of the sender, in hexadecimal, to be sent again."""

    def path(self, room_id: str, peer_id: str, *, token: str | None = None) -> str:
        """The path of a WebSocket for that peer, with a good token unless another one is given."""
        token = self.token(room_id, peer_id) if token is None else token
        return "/?" + urlencode({"roomId": room_id, "peerId": peer_id, "token": token})

    def token(self, room_id: str, peer_id: str) -> str:
        return token(self.secret, room_id, peer_id)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Target:
        told: dict[str, Any] = json.loads(text)
        for name in ("front", "media", "client"):
            told[name] = (told[name][0], told[name][1])
        return cls(**{**told, "recorded": tuple(told["recorded"])})


def token(secret: str, room_id: str, peer_id: str) -> str:
    """A token for that peer that is good for an hour."""
    claims = {"roomId": room_id, "peerId": peer_id, "exp": int(time.time()) + 3600}
    return jwt.encode(claims, secret, "HS256")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The count of what an attacker sent, and of what became of it as far as it can tell."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    sent_bytes: int = 0
    answered_bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """The refusals by status, close code or error."""

    def answered(self, status: str) -> None:
        """Count an HTTP answer; a WebSocket, a document, and word that there is none are no refusals."""
        if status in ("101", "200", "404"):
            self.accepted += 1
        else:
            self.refuse(status)

    def refuse(self, reason: str) -> None:
        self.refused += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def add(self, others: Sequence[Outcome]) -> Outcome:
        """Add up what others did."""
        for other in others:
            self.sent += other.sent
            self.accepted += other.accepted
            self.refused += other.refused
            self.sent_bytes += other.sent_bytes
            self.answered_bytes += other.answered_bytes
            for reason, count in other.reasons.items():
                self.reasons[reason] = self.reasons.get(reason, 0) + count
        return self

    @property
    def amplification(self) -> float | None:
        """The bytes that came back for each byte sent; None when nothing can come back."""
        return self.answered_bytes / self.sent_bytes if self.sent_bytes else None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        return cls(**json.loads(text))
