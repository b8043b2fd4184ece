"""Handshake messages put together from their pieces (RFC 6347 section 4.2.3), forged ones among them.

An attacker who knows a client's address can send pieces in its name, but cannot read the answers. So a forged
piece must not spoil the true message it claims to belong to: a piece that contradicts all drafts of a message
begins another draft, and one that fits several joins them all. When the true peer repeats itself, its pieces
meet in one draft. Every complete draft is a candidate; `proof.py` tells which of them is true.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mediad.protocols.dtls.records import HANDSHAKE, Fragment, Record, fragments_of, handshake_record

MAX_MESSAGE_BYTES = 8 * 1024  # a chain of certificates; those of browsers have half a kilobyte
MAX_HELD_BYTES = 16 * 1024  # of all drafts
MAX_DRAFTS = 6  # of one message; the oldest is given up, and the true peer repeats itself
MAX_PIECES = 16  # of one draft, apart from each other: as many losses among the pieces of an honest message
MAX_SEQUENCE = 8  # a handshake has at most six messages of one side in clear
_PIECE_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """One whole handshake message."""

    message_type: int
    sequence: int
    body: bytes

    @property
    def raw(self) -> bytes:
        """The message as it counts in the transcript: with the header of one in a single piece."""
        length = len(self.body).to_bytes(3, "big")
        return (
            bytes([self.message_type])
            + length
            + self.sequence.to_bytes(2, "big")
            + bytes(3)
            + length
            + self.body
        )

    def records(self, first_number: int) -> list[Record]:
        """Clear records that carry it, numbered from `first_number` on."""
        offsets = range(0, max(1, len(self.body)), _PIECE_BYTES)
        return [
            handshake_record(
                Fragment(
                    self.message_type,
                    len(self.body),
                    self.sequence,
                    offset,
                    self.body[offset : offset + _PIECE_BYTES],
                ),
                first_number + index,
            )
            for index, offset in enumerate(offsets)
        ]


@dataclass(slots=True, eq=False)
class Draft:
    """A set of pieces of one message that do not contradict each other."""

    message_type: int
    length: int
    datagram: int
    """The number of the datagram that brought the newest piece."""
    pieces: list[tuple[int, bytes]] = field(default_factory=list)  # apart from each other, in order

    @property
    def held_bytes(self) -> int:
        return sum(len(data) for _, data in self.pieces)

    @property
    def is_complete(self) -> bool:
        return self.held_bytes == self.length

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    def fits(self, fragment: Fragment) -> bool:
        if (fragment.message_type, fragment.message_length) != (self.message_type, self.length):
            return False
        end = fragment.offset + len(fragment.body)
        touches = False
        for start, data in self.pieces:
            touches |= start <= end and fragment.offset <= start + len(data)
            low, high = max(start, fragment.offset), min(start + len(data), end)
            if (
                low < high
                and data[low - start : high - start]
                != fragment.body[low - fragment.offset : high - fragment.offset]
            ):
                return False
        return touches or len(self.pieces) < MAX_PIECES

    def add(self, fragment: Fragment) -> None:
        """Add a piece that fits."""
        start, joined, apart = fragment.offset, fragment.body, []
        for other, data in self.pieces:
            if other + len(data) < start or start + len(joined) < other:
                apart.append((other, data))
                continue
            low = min(start, other)
            whole = bytearray(max(start + len(joined), other + len(data)) - low)
            whole[other - low : other - low + len(data)] = data
            whole[start - low : start - low + len(joined)] = joined
            start, joined = low, bytes(whole)
        self.pieces = sorted([*apart, (start, joined)])


class MessageCollector:
    """The drafts of one side's messages. The limits count what is held now, not what has passed."""

    def __init__(self) -> None:
        self._drafts: dict[int, list[Draft]] = {}  # by sequence; the oldest first
        self._datagram = 0

    @property
    def held_bytes(self) -> int:
        return sum(draft.held_bytes for drafts in self._drafts.values() for draft in drafts)

    def begin_datagram(self) -> None:
        """Begin a datagram: the pieces from here on arrived together."""
        self._datagram += 1

    def add(self, fragment: Fragment) -> list[Message] | None:
        """Add a piece. Returns the whole messages it belongs to, known ones too; None when it is refused."""
        sequence = fragment.message_sequence
        if fragment.message_length > MAX_MESSAGE_BYTES or sequence >= MAX_SEQUENCE:
            return None
        drafts = self._drafts.setdefault(sequence, [])
        fitting = [draft for draft in drafts if draft.fits(fragment)]
        if not fitting:
            fitting.append(Draft(fragment.message_type, fragment.message_length, self._datagram))
            drafts += fitting
        for draft in fitting:
            draft.add(fragment)
            draft.datagram = self._datagram
        self._merge_equal(drafts)
        if len(drafts) > MAX_DRAFTS:
            drafts.remove(min(drafts, key=lambda draft: draft.datagram))
        self._bound(fitting[-1])
        return [
            Message(draft.message_type, sequence, draft.body)
            for draft in drafts
            if draft.is_complete and draft in fitting
        ]

    def candidates(self, sequence: int, message_type: int) -> list[tuple[Message, int]]:
        """Whole messages with the number of the datagram that brought them; the newest first."""
        found = [
            (Message(draft.message_type, sequence, draft.body), draft.datagram)
            for draft in self._drafts.get(sequence, [])
            if draft.message_type == message_type and draft.is_complete
        ]
        return sorted(found, key=lambda item: -item[1])

    @staticmethod
    def _merge_equal(drafts: list[Draft]) -> None:
        for index in reversed(range(len(drafts))):
            one = drafts[index]
            if any(
                (other.message_type, other.length, other.pieces) == (one.message_type, one.length, one.pieces)
                for other in drafts[:index]
            ):
                del drafts[index]

    def _bound(self, newest: Draft) -> None:
        """Give up the oldest drafts, of whichever message, until the limits hold."""
        while self.held_bytes > MAX_HELD_BYTES:
            oldest = min(
                (draft for drafts in self._drafts.values() for draft in drafts if draft is not newest),
                key=lambda draft: draft.datagram,
            )
            for drafts in self._drafts.values():
                drafts[:] = [draft for draft in drafts if draft is not oldest]


def messages_of(records: list[Record]) -> list[Message]:
    """The clear handshake messages, in order, of a flight that is known to be true."""
    collector, found = MessageCollector(), dict[int, Message]()
    for record in records:
        if record.content_type == HANDSHAKE and record.epoch == 0:
            for fragment in fragments_of(record) or ():
                for message in collector.add(fragment) or ():
                    found[message.sequence] = message
    return [found[sequence] for sequence in sorted(found)]
