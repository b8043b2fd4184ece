"""DTLS records from outside (RFC 6347 section 4.1): split, packed, renumbered, parsed into fragments."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23

_RECORD = struct.Struct("!BHH6sH")  # type, version, epoch, sequence number, length
_RECORD_TYPES = range(CHANGE_CIPHER_SPEC, APPLICATION_DATA + 1)
_FRAGMENT_HEADER_BYTES = 12
_VERSION_MAJOR = 0xFE
_DTLS_1_2 = 0xFEFD
_MAX_RECORD_BYTES = 2**14 + 256  # RFC 6347 section 4.1.1, with any expansion that may be negotiated


@dataclass(frozen=True, slots=True)
class Record:
    """One record with its 13-byte header; the payload is clear only in epoch 0."""

    content_type: int
    epoch: int
    data: bytes

    @property
    def payload(self) -> bytes:
        return self.data[_RECORD.size :]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of one handshake message (RFC 6347 section 4.2.3); `offset` in bytes from its start."""

    message_type: int
    message_length: int
    message_sequence: int
    offset: int
    body: bytes


def split_records(datagram: bytes) -> list[Record]:
    """The well-formed records at the start of a datagram; the rest is dropped (RFC 6347 section 4.1.2.7)."""
    records, position = [], 0
    while position + _RECORD.size <= len(datagram):
        content_type, version, epoch, _, length = _RECORD.unpack_from(datagram, position)
        end = position + _RECORD.size + length
        if content_type not in _RECORD_TYPES or version >> 8 != _VERSION_MAJOR:
            break
        if not 0 < length <= _MAX_RECORD_BYTES or end > len(datagram):
            break
        records.append(Record(content_type, epoch, datagram[position:end]))
        position = end
    return records


def pack_datagrams(records: Iterable[Record], mtu_bytes: int) -> list[bytes]:
    """The fewest datagrams with the records in order, each within `mtu_bytes`; records are not split."""
    datagrams: list[bytes] = []
    for record in records:
        if datagrams and len(datagrams[-1]) + len(record.data) <= mtu_bytes:
            datagrams[-1] += record.data
        else:
            datagrams.append(record.data)
    return datagrams


def renumbered(record: Record, sequence_number: int) -> Record:
    """The record under another sequence number; only for epoch 0, where no authentication covers it."""
    head, tail = record.data[:5], record.data[11:]
    return Record(record.content_type, record.epoch, head + sequence_number.to_bytes(6, "big") + tail)


def fragments_of(record: Record) -> list[Fragment] | None:
    """The fragments in a clear handshake record; None when its lengths contradict each other."""
    payload, position, fragments = record.payload, 0, []
    while position < len(payload):
        header = payload[position : position + _FRAGMENT_HEADER_BYTES]
        if len(header) < _FRAGMENT_HEADER_BYTES:
            return None
        message_length = int.from_bytes(header[1:4], "big")
        message_sequence = int.from_bytes(header[4:6], "big")
        offset = int.from_bytes(header[6:9], "big")
        length = int.from_bytes(header[9:12], "big")
        position += _FRAGMENT_HEADER_BYTES
        body = payload[position : position + length]
        if len(body) < length or offset + length > message_length:
            return None
        if length == 0 and message_length > 0:  # no progress: only work for the receiver
            return None
        fragments.append(Fragment(header[0], message_length, message_sequence, offset, body))
        position += length
    return fragments


def handshake_record(fragment: Fragment, number: int = 0) -> Record:
    """A clear record that carries this fragment."""
    payload = (
        bytes([fragment.message_type])
        + fragment.message_length.to_bytes(3, "big")
        + fragment.message_sequence.to_bytes(2, "big")
        + fragment.offset.to_bytes(3, "big")
        + len(fragment.body).to_bytes(3, "big")
        + fragment.body
    )
    return clear_record(HANDSHAKE, payload, number)


def clear_record(content_type: int, payload: bytes, number: int) -> Record:
    """A record of epoch 0."""
    header = _RECORD.pack(content_type, _DTLS_1_2, 0, number.to_bytes(6, "big"), len(payload))
    return Record(content_type, 0, header + payload)
