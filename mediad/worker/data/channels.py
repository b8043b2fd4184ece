"""DataChannels: the data channels of one transport, over one SCTP association in its DTLS.

Messages that come on a stream go to its sink, a data producer; those to send wait in the lane of a data
consumer. Closing a channel resets its stream (RFC 8831 section 6.7). The client answers with a reset of its
own, and until then the stream is not used again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

from mediad._usrsctp.association import Association
from mediad.clock import Clock
from mediad.errors import Full, InvalidInput, InvalidState
from mediad.pipe.data_requests import SctpParameters, SctpStreamParameters
from mediad.protocols.datachannel import ChannelMessage, read_message
from mediad.protocols.sctp_events import MessageReceived, SctpEvent, SendReady, StateChanged, StreamsReset
from mediad.worker.data.sctp import MAX_MESSAGE_BYTES, SEND_BUFFER_BYTES, STREAMS, Sctp
from mediad.worker.data.send_queues import QUEUE_BYTES, Lane, SendQueues

DataState = Literal["new", "connecting", "connected", "failed", "closed"]

PORT = 5000
PARAMETERS = SctpParameters(
    port=PORT,
    os=STREAMS,
    mis=STREAMS,
    max_message_size=MAX_MESSAGE_BYTES,
    max_send_message_size=MAX_MESSAGE_BYTES,
    max_receive_message_size=MAX_MESSAGE_BYTES,
    send_buffer_size=SEND_BUFFER_BYTES,
    sctp_buffered_amount=0,
    is_data_channel=True,
)
"""The SCTP side of every transport with data channels."""
TURN_STEPS = 128
"""Packets read, messages put into queues and so on, and as many messages sent, in one turn of a client."""
INBOX_PACKETS = 256
"""Packets of a client that wait for its turn; others are lost, and SCTP sends again, more slowly."""

_PORTS = PORT.to_bytes(2, "big") * 2
"""The first bytes of every packet (RFC 9260 section 3.1)."""
_HEADER_BYTES = 12
_INIT = 1
"""The type of the chunk that begins an association (RFC 9260 section 3.3.2)."""


class Sink(Protocol):
    """The receiver of a stream's messages."""

    def receive(self, message: ChannelMessage) -> int:
        """Take a message; return the number of queues that it was put into."""
        ...

    def end(self, reason: str | None) -> None:
        """Close the channel, and tell why; None: with its transport, of which nothing is told."""
        ...


class DataChannels:
    """The channels of one client, or of another worker at the other end of a pipe.

    `tell` is told each new state, with the reason of `failed` and `closed`; `send` sends SCTP packets to the
    client. The association begins when DTLS is connected and there is a channel, or when the client begins:
    a client that has no data channels yet would not answer.
    """

    def __init__(
        self,
        sctp: Sctp,
        clock: Clock,
        tell: Callable[[DataState, str | None], None],
        send: Callable[[list[bytes]], None],
    ) -> None:
        self.state: DataState = "new"
        self._sctp = sctp
        self._clock = clock
        self._tell = tell
        self._send = send
        self._association: Association | None = None
        self._inbox: deque[bytes] = deque()
        self._packet_bytes = 0  # until DTLS is connected
        self._blocked = False  # the association takes no messages until SendReady
        self._sinks: dict[int, Sink] = {}
        self._lanes: dict[int, Lane] = {}
        self._streams = range(STREAMS)  # that lanes may be on
        self._next_stream = 0  # index into them
        self._to_reset: list[int] = []
        self._resetting: dict[int, None] = {}  # streams whose reset the client has not answered, oldest first
        self._queues = SendQueues(sctp.memory, sctp.drop)

    def share_streams(self, *, odd: bool) -> None:
        """Open channels on the odd streams alone, or on the even: the other end of a pipe opens some too."""
        self._streams = range(odd, STREAMS, 2)

    # -- channels ------------------------------------------------------------------------------------------

    def add_sink(self, stream_id: int, sink: Sink) -> None:
        """Receive a stream. Raises InvalidInput for one that is taken or too high, InvalidState when over."""
        self._require_open()
        if stream_id >= STREAMS:
            raise InvalidInput(f"streamId is {stream_id}, this transport has 0..{STREAMS - 1}")
        if stream_id in self._sinks:
            raise InvalidInput("streamId already exists in SCTP listener")
        self._sinks[stream_id] = sink
        self._start()

    def remove_sink(self, stream_id: int) -> None:
        """Receive a stream no longer, and reset it."""
        del self._sinks[stream_id]
        self._reset(stream_id)

    def add_lane(self, like: SctpStreamParameters, end: Callable[[str | None], None]) -> Lane:
        """Open a channel to the client, as reliable as `like`, on the next free stream.

        Raises Full when none is left, InvalidState when the association is over.
        """
        self._require_open()
        lane = Lane(self._free_stream(), end, like.ordered, like.max_packet_life_time, like.max_retransmits)
        self._lanes[lane.stream_id] = lane
        self._start()
        return lane

    def remove_lane(self, lane: Lane) -> None:
        """Close a channel to the client: forget what waits for it, and reset the stream."""
        del self._lanes[lane.stream_id]
        self._queues.clear(lane)
        self._reset(lane.stream_id)

    def put(self, lane: Lane, message: ChannelMessage) -> None:
        """Send a message, as soon as it is its turn and the association has room.

        Where there is no room for it to wait, it or an older one is dropped, or a channel closes.
        """
        for full in self._queues.put(lane, message, self._clock.now_us()):
            full.end(f"its queue is full: {QUEUE_BYTES} bytes wait for a client that does not take them")
        if self.state == "connected" and not self._blocked:
            self._sctp.wake(self)

    def buffered_bytes(self, lane: Lane) -> int:
        """Return the bytes that wait on a channel, and those that the association has not got through yet."""
        return lane.bytes + (0 if self._association is None else self._association.buffered_bytes)

    # -- the transport -------------------------------------------------------------------------------------

    def secured(self, packet_bytes: int) -> None:
        """Begin, if there is a channel: DTLS is connected, and takes packets of at most so many bytes."""
        self._packet_bytes = packet_bytes
        self._start()

    def receive(self, data: bytes) -> None:
        """Take the content of a DTLS record. What is no SCTP is counted and dropped."""
        if len(data) <= _HEADER_BYTES or not data.startswith(_PORTS):
            self._sctp.drop("not_sctp")
            return
        if self._association is None:
            # DTLS may have ended behind this record, in the same datagram that connected it.
            if self.state != "new" or not self._packet_bytes or data[_HEADER_BYTES] != _INIT:
                self._sctp.drop("no_association")
                return
            self._begin()  # so both sides begin, as may happen anyway
        if len(self._inbox) == INBOX_PACKETS:
            self._sctp.drop("behind")
            return
        self._inbox.append(data)
        self._sctp.wake(self)

    def fail(self, reason: str) -> None:
        """End all channels, and tell why; media on the transport goes on."""
        self._end("failed", reason)

    def disconnected(self, reason: str) -> None:
        """End all channels: there is no DTLS any more."""
        self._end("closed", reason)

    def close(self) -> None:
        """Abort the association and close all channels with their transport, of which nothing is told."""
        self.state = "closed"
        self._let_go()
        self._end_channels(None)

    # -- a turn --------------------------------------------------------------------------------------------

    def work(self) -> bool:
        """Deliver and send a bounded number of messages; return True when there are more."""
        association = self._association
        if association is None:
            return False
        now_us = self._clock.now_us()
        more = self._receive_some(association, now_us)
        if self._association is None:  # it has ended
            return False
        if self.state == "connected":
            if self._to_reset:
                association.reset_streams(self._to_reset, now_us)
                self._to_reset = []
            more = self._send_some(association, now_us) or more
        if packets := association.datagrams_to_send():
            self._send(packets)
        return more

    def _receive_some(self, association: Association, now_us: int) -> bool:
        """Read packets that came, and handle what they tell; return True when there is more."""
        steps = 0
        while steps < TURN_STEPS:
            if (event := association.next_event()) is not None:
                steps += self._on_event(event)
                if self._association is None:
                    return False
            elif self._inbox:
                association.receive_datagram(self._inbox.popleft(), now_us)
                steps += 1
            else:
                return False
        return True

    def _on_event(self, event: SctpEvent) -> int:
        """Handle an event, and return how many steps it took."""
        match event:
            case MessageReceived(stream_id, ppid, data):
                return 1 + self._deliver(stream_id, ppid, data)
            case StateChanged("failed" | "closed" as state, reason):
                self._end(state, reason)
            case StateChanged(state):
                self._enter(state, None)
            case StreamsReset(stream_ids):
                for stream_id in stream_ids:
                    self._reset_by_client(stream_id)
                return 1 + len(stream_ids)
            case SendReady():
                self._blocked = False
        return 1

    def _deliver(self, stream_id: int, ppid: int, data: bytes) -> int:
        sink = self._sinks.get(stream_id)
        if sink is None:
            self._sctp.drop("no_producer")
            return 0
        message = read_message(ppid, data)
        if isinstance(message, str):
            self._sctp.drop(message)
            return 0
        self._sctp.messages_received += 1
        self._sctp.bytes_received += message.size
        return sink.receive(message)

    def _reset_by_client(self, stream_id: int) -> None:
        """Close the channel of a stream that the client has reset, and answer with a reset."""
        if stream_id in self._resetting:  # it is the answer
            del self._resetting[stream_id]
            return
        reason = "the client closed the channel"
        if (sink := self._sinks.get(stream_id)) is not None:
            sink.end(reason)
        if (lane := self._lanes.get(stream_id)) is not None:
            lane.end(reason)
        if self._resetting.pop(stream_id, self) is self and stream_id < STREAMS:
            self._to_reset.append(stream_id)  # nobody's: the client waits for an answer all the same

    def _send_some(self, association: Association, now_us: int) -> bool:
        """Send what waits; return True when there is more and the association takes it."""

        def send(lane: Lane, message: ChannelMessage, life_ms: int | None) -> bool:
            try:
                return association.send(
                    lane.stream_id,
                    message.ppid,
                    message.data,
                    ordered=lane.ordered,
                    max_packet_life_time_ms=life_ms,
                    max_retransmits=lane.max_retransmits,
                    now_us=now_us,
                )
            except ValueError as error:  # the client takes fewer streams than it was told
                lane.end(str(error))
                return True
            except InvalidState:  # it has just ended, as the next event tells
                return False

        if self._blocked or not self._queues.messages:
            return False
        messages, size = self._queues.sent_messages, self._queues.sent_bytes
        self._blocked = not self._queues.send_some(send, TURN_STEPS, now_us)
        self._sctp.messages_sent += self._queues.sent_messages - messages
        self._sctp.bytes_sent += self._queues.sent_bytes - size
        return not self._blocked and self._queues.messages > 0

    # -- begin and end -------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        if self.state in ("failed", "closed"):
            raise InvalidState(
                f"SCTP of this transport is {self.state}: open data channels on a new transport"
            )

    def _start(self) -> None:
        if self._packet_bytes and self.state == "new" and (self._sinks or self._lanes):
            self._begin()

    def _begin(self) -> None:
        self._association = self._sctp.open(self, self._packet_bytes)
        self._association.connect(self._clock.now_us())
        self._enter("connecting", None)
        self._sctp.wake(self)

    def _enter(self, state: DataState, reason: str | None) -> None:
        if state != self.state:
            self.state = state
            self._tell(state, reason)
            if state == "connected":
                self._sctp.wake(self)

    def _end(self, state: Literal["failed", "closed"], reason: str) -> None:
        if self.state in ("failed", "closed"):
            return
        self._let_go()
        self._enter(state, reason or None)
        self._end_channels(
            f"SCTP has {'failed' if state == 'failed' else 'ended'}: {reason}".removesuffix(": ")
        )

    def _end_channels(self, reason: str | None) -> None:
        for sink in list(self._sinks.values()):
            sink.end(reason)
        for lane in list(self._lanes.values()):
            lane.end(reason)

    def _let_go(self) -> None:
        association, self._association = self._association, None
        self._inbox.clear()
        if association is not None:
            association.close()
            packets = association.datagrams_to_send()
            self._sctp.forget(association)  # before what may fail
            if packets:
                self._send(packets)

    # -- streams -------------------------------------------------------------------------------------------

    def _reset(self, stream_id: int) -> None:
        if self._association is not None:
            self._to_reset.append(stream_id)
            self._resetting[stream_id] = None
            self._sctp.wake(self)

    def _free_stream(self) -> int:
        """Return the next stream after the last one given that is free.

        When every other one is taken, the one whose reset has been waiting longest for the client's answer.
        """
        for _ in self._streams:
            stream_id = self._streams[self._next_stream]
            self._next_stream = (self._next_stream + 1) % len(self._streams)
            if not (stream_id in self._sinks or stream_id in self._lanes or stream_id in self._resetting):
                return stream_id
        for stream_id in self._resetting:
            if stream_id in self._streams:
                del self._resetting[stream_id]
                return stream_id
        raise Full(
            f"this transport has {len(self._streams)} data channels already: use another, or close some"
        )
