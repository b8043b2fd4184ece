"""Reading Binding requests and writing their answers (RFC 8489), on aioice's codec.

aioice ignores attributes it does not know, which browsers send many of (network cost, goog-delta, …), and
raises a mix of errors on malformed ones. This file turns every such case into one MalformedStun with a reason
fit for a counter, and reads the one attribute aioice lacks: NOMINATION.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from aioice import stun

from mediad.errors import InvalidInput

MAX_REQUEST_BYTES = 1500
"""The largest datagram that may be a check: one has about 100 bytes, an Ethernet frame 1500."""

_MAX_USERNAME_BYTES = 513  # RFC 8489 section 14.3: "fewer than 509"; mediasoup and Chrome go to 513
_FINGERPRINT_HEADER = b"\x80\x28\x00\x04"
_MESSAGE_INTEGRITY = 0x0008
_NOMINATION_TYPES = (0x0030, 0xC001)  # draft-thatcher-ice-renomination: assigned later, Chrome's older number
_ATTRIBUTE_HEADER = struct.Struct("!HH")
_U32 = struct.Struct("!I")


class MalformedStun(InvalidInput):
    """A datagram that is no Binding request to answer; the text is a counter's name."""


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """One parsed check. Nothing in it may be believed before `is_authentic`."""

    message: stun.Message
    local_fragment: str | None
    """USERNAME up to its colon, our username fragment if the peer is ours; None without USERNAME."""
    nomination: int | None
    """Value of NOMINATION, None when absent."""

    @property
    def integrity(self) -> bytes:
        """The value of MESSAGE-INTEGRITY; only of an authentic request."""
        return bytes(self.message.attributes["MESSAGE-INTEGRITY"])

    @property
    def has_priority(self) -> bool:
        return "PRIORITY" in self.message.attributes

    @property
    def use_candidate(self) -> bool:
        return "USE-CANDIDATE" in self.message.attributes

    @property
    def from_controlled(self) -> bool:
        return "ICE-CONTROLLED" in self.message.attributes

    def is_authentic(self, password: str) -> bool:
        """True when MESSAGE-INTEGRITY was made with `password`; compared in constant time."""
        return self.message.check_message_integrity(password.encode())


def parse_binding_request(data: bytes) -> BindingRequest:
    """The Binding request in one datagram. Raises MalformedStun for anything else."""
    if not stun.HEADER_LENGTH <= len(data) <= MAX_REQUEST_BYTES or data[0] > 3:
        raise MalformedStun("not-stun")
    if data[4:8] != _U32.pack(stun.COOKIE):
        raise MalformedStun("not-stun")
    # It has to be last (RFC 8489 section 14.7); checked before parsing, it rejects most foreign datagrams.
    if data[-8:-4] != _FINGERPRINT_HEADER:
        raise MalformedStun("no-fingerprint")
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error) as error:
        raise MalformedStun("malformed") from error
    if "FINGERPRINT" not in message.attributes:  # the last eight bytes were another attribute's value
        raise MalformedStun("no-fingerprint")
    if message.message_class != stun.Class.REQUEST or message.message_method != stun.Method.BINDING:
        raise MalformedStun("not-a-binding-request")
    return BindingRequest(message, _local_fragment(message), _nomination(data))


def success_reply(request: BindingRequest, host: str, port: int, password: str) -> bytes:
    """The signed answer that shows the peer its own address `host`:`port` (RFC 8445 section 7.3)."""
    reply = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=request.message.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": (_plain_host(host), port)},
    )
    reply.add_message_integrity(password.encode())
    return bytes(reply)


def error_reply(request: BindingRequest, code: int, reason: str, password: str) -> bytes:
    """A signed error answer."""
    reply = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.ERROR,
        transaction_id=request.message.transaction_id,
        attributes={"ERROR-CODE": (code, reason)},
    )
    reply.add_message_integrity(password.encode())
    return bytes(reply)


def _local_fragment(message: stun.Message) -> str | None:
    username: str | None = message.attributes.get("USERNAME")
    if username is None:
        return None
    local, colon, _ = username.partition(":")
    if not colon or len(username.encode()) > _MAX_USERNAME_BYTES:
        raise MalformedStun("malformed")
    return local


def _nomination(data: bytes) -> int | None:
    """The value of NOMINATION before MESSAGE-INTEGRITY; what follows that is not authenticated."""
    position = stun.HEADER_LENGTH
    while position + 4 <= len(data):
        kind, length = _ATTRIBUTE_HEADER.unpack_from(data, position)
        position += 4
        if kind == _MESSAGE_INTEGRITY:
            return None
        if kind in _NOMINATION_TYPES:
            if length != 4 or position + 4 > len(data):
                raise MalformedStun("malformed")
            value: int = _U32.unpack_from(data, position)[0]
            return value
        position += length + stun.padding_length(length)
    return None


def _plain_host(host: str) -> str:
    # A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; the peer knows itself as a.b.c.d.
    if host.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        return host if mapped is None else str(mapped)
    return host
