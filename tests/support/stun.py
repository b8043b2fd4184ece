"""Binding requests as browsers write them, built octet by octet so that no codec tests itself."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import struct
import zlib
from collections.abc import Iterable

COOKIE = 0x2112A442
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE = 0x0006, 0x0008, 0x0009
XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE = 0x0020, 0x0024, 0x0025
NOMINATION, NOMINATION_LEGACY = 0x0030, 0xC001
NETWORK_INFO = 0xC057  # Chrome's GOOG-NETWORK-INFO
FINGERPRINT, ICE_CONTROLLED, ICE_CONTROLLING = 0x8028, 0x8029, 0x802A
TRANSACTION = bytes(range(12))

Attribute = tuple[int, bytes]
_transactions = itertools.count(1)


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(kind: int, attributes: Iterable[Attribute], transaction: bytes = TRANSACTION) -> bytes:
    body = b"".join(attribute(*item) for item in attributes)
    return struct.pack("!HHI", kind, len(body), COOKIE) + transaction + body


def _grown(data: bytes, extra: int) -> bytes:
    return data[:2] + struct.pack("!H", len(data) - 20 + extra) + data[4:]


def with_integrity(data: bytes, password: str) -> bytes:
    covered = _grown(data, 24)
    return covered + attribute(MESSAGE_INTEGRITY, hmac.digest(password.encode(), covered, hashlib.sha1))


def with_fingerprint(data: bytes) -> bytes:
    covered = _grown(data, 8)
    return covered + attribute(FINGERPRINT, struct.pack("!I", zlib.crc32(covered) ^ 0x5354554E))


def binding_request(
    username: str,
    password: str,
    *,
    nominate: bool = False,
    nomination: int | None = None,
    nomination_type: int = NOMINATION_LEGACY,
    priority: int | None = 1853824767,
    controlled: bool = False,
    extra: Iterable[Attribute] = (),
    transaction: bytes | None = None,
) -> bytes:
    """A signed check to `username` ("ours:theirs"), with USE-CANDIDATE or a NOMINATION value on wish.

    Without a `transaction` it is another one each time, as from any client.
    """
    if transaction is None:
        transaction = next(_transactions).to_bytes(12, "big")
    role = ICE_CONTROLLED if controlled else ICE_CONTROLLING
    attributes: list[Attribute] = [
        (USERNAME, username.encode()),
        (NETWORK_INFO, bytes(4)),
        (role, bytes(8)),
    ]
    if nominate:
        attributes.append((USE_CANDIDATE, b""))
    if nomination is not None:
        attributes.append((nomination_type, struct.pack("!I", nomination)))
    if priority is not None:
        attributes.append((PRIORITY, struct.pack("!I", priority)))
    attributes.extend(extra)
    return with_fingerprint(with_integrity(message(0x0001, attributes, transaction), password))


def attributes_of(data: bytes) -> dict[int, bytes]:
    """Type → value of a well-formed message, in wire order."""
    found, position = {}, 20
    while position < len(data):
        kind, length = struct.unpack_from("!HH", data, position)
        found[kind] = data[position + 4 : position + 4 + length]
        position += 4 + length + -length % 4
    assert position == len(data) == 20 + struct.unpack_from("!H", data, 2)[0]
    return found


def is_signed(data: bytes, password: str) -> bool:
    """True when a message ends in a correct MESSAGE-INTEGRITY and FINGERPRINT."""
    unsigned = data[:-32]
    return data == with_fingerprint(with_integrity(unsigned, password))


def error_code_of(data: bytes) -> int | None:
    value = attributes_of(data).get(ERROR_CODE)
    return None if value is None else value[2] * 100 + value[3]
