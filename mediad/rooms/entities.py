"""Entities of a room: peers, transports, producers and consumers of tracks and of data, and their links.

Plain records; nothing here talks to a worker or a client. The order in which they close:

    what closes     closes with it                              who is told
    consumer        nothing                                     its peer, when the producer was the cause
    producer        its consumers (the worker does the same)    the peers of those consumers
    data consumer   nothing                                     its peer, unless it has closed it itself
    data producer   its data consumers (likewise)               the peers of those data consumers
    transport       all of these that are on it (likewise)      the peers of those producers' consumers
    peer            its transports                              the other joined peers
    branch          its router, with everything on it           its peers; the others as when these peers left
    room            its branches                                its peers: their connections close

Records are closed first, without suspension, and the worker hears of it afterwards. A request that is under
way for something closed meanwhile finds `closed` set when it returns, and closes what it has just made on
the worker.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mediad.budgets.holders import Holders
from mediad.errors import InvalidState
from mediad.ortc.acceptance import SSRC_RANGE, ProducerType
from mediad.ortc.negotiation import consumer_mid
from mediad.ortc.parameters import MediaKind, RtpParameters
from mediad.ortc.sctp import SctpStreamParameters
from mediad.pipe.scores import ConsumerScore, EncodingScore
from mediad.pipe.throttle_requests import NetworkThrottle
from mediad.pipe.transport_requests import TransportTuple
from mediad.rooms.allowance import Allowance
from mediad.rooms.branch import Branch
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.listener import ConsumerOffer, DataConsumerOffer, Device, PeerInfo, PeerListener, Track
from mediad.rooms.reception import Form, Reception
from mediad.rooms.stock import ADDRESS, Claim, Holder, holder_at
from mediad.rooms.stream_claims import StreamClaims

Log = logging.LoggerAdapter[logging.Logger]

BOT_REPLIES, BOT_REPLIES_PER_S = 10, 2.0
"""The replies to everybody that one peer can cause: at once, and each second after that."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Peer:
    """A client between its connection and its end; it is a member of the call once it has joined."""

    id: str
    branch: Branch
    """The branch on which it counts, and on which its transports are made."""
    listener: PeerListener
    log: Log
    info: PeerInfo
    holder: Holder = (ADDRESS, "unknown")
    """The holder whose share of the worker it uses: the address it comes from."""
    claim: Claim = field(default_factory=Claim)
    grants: Grants = ALL
    """The grants that it has now; `regrant.py` changes them during the call."""
    holders: Holders = ()
    """The holders that are charged for what it does: its address, and its token."""
    reception: Reception | None = None
    """The tracks it can receive, as negotiated; None for a peer that receives nothing."""
    takes_data: bool = False
    """True when its client can receive data channels."""
    said_to_bot: Allowance = field(default_factory=lambda: Allowance(BOT_REPLIES, BOT_REPLIES_PER_S))
    """The replies of the bot that it may still cause."""
    joined: bool = False
    closed: bool = False
    transports: dict[str, Transport] = field(default_factory=dict)
    reserved_transports: int = 0
    """Transports the worker is making; they count against the limit."""
    keeps_room: bool = True
    """True for a client whose connection keeps the room open; False for a broadcaster, which has none."""
    records: bool = False
    """True for a tap whose receiver is a recorder: those whom it hears are told."""
    hears: str | None = None
    """The id of the only peer whose tracks it receives; None: it receives everybody's."""
    receiving: bool = False
    """True once it has been offered the tracks of the others; from then on it is offered new ones."""
    receiving_data: bool = False
    """True once it has been offered the data channels of the others, likewise."""
    resumes_itself: bool = False
    """True for a client that resumes each of its consumers: they stay paused until it does."""
    throttle: NetworkThrottle | None = None
    """The network that is emulated for it; None for none."""
    wanted_replicas: int = 0
    """Extra consumers of each track it asks for; the limits decide how many it gets."""
    witnesses: set[Peer] = field(default_factory=set)
    """Peers that know this id as a member from an earlier connection, while this one has not joined."""
    since_s: float = field(default_factory=time.monotonic)
    """CLOCK_MONOTONIC when it connected."""

    def require_open(self) -> None:
        """Raise InvalidState when its connection is over."""
        if self.closed:
            raise InvalidState("peer closed")

    def require_joined(self) -> None:
        """Raise InvalidState unless it is, or was, a member of the call."""
        if not self.joined:
            raise InvalidState("Peer not yet joined")

    def receiving_transport(self) -> Transport | None:
        """Return the transport of its consumers: the first one made for them; None when there is none."""
        return self.transport_for(consuming=True)

    def transport_for(self, *, consuming: bool) -> Transport | None:
        """Return its first transport for consumers, or its first other one; None when there is none."""
        return next((t for t in self.transports.values() if t.consuming is consuming), None)

    def can_receive(self) -> bool:
        """True when it has joined, has said what it understands, may receive, and has a transport for it."""
        able = self.joined and self.reception is not None and self.receiving_transport() is not None
        return able and self.grants.subscribe

    def can_receive_data(self) -> bool:
        """True when it has joined, takes data, may receive, and has a transport for it that has SCTP."""
        transport = self.receiving_transport()
        able = self.joined and self.takes_data and transport is not None and transport.sctp
        return able and self.grants.subscribe

    def producers(self) -> list[Producer]:
        """Return what it sends, oldest first, as far as the others have been told of it."""
        sent = (p for transport in self.transports.values() for p in transport.producers.values())
        return [producer for producer in sent if producer.announced]

    def consumers(self) -> list[Consumer]:
        """Return what it receives, oldest first, as far as its client has been told of it."""
        received = (c for transport in self.transports.values() for c in transport.consumers.values())
        return [consumer for consumer in received if consumer.announced]

    def tracks(self) -> list[Track]:
        """Return the same in the words of listeners."""
        return [Track(producer.kind, producer.app_data, producer.paused) for producer in self.producers()]

    def webrtc_transport_count(self) -> int:
        """Return how many WebRTC transports it has, or is about to have."""
        return sum(t.plain is None for t in self.transports.values()) + self.reserved_transports

    def producer_count(self) -> int:
        return sum(len(transport.producers) for transport in self.transports.values())

    def consumer_count(self) -> int:
        return sum(len(transport.consumers) for transport in self.transports.values())

    def data_producer_count(self) -> int:
        return sum(len(transport.data_producers) for transport in self.transports.values())

    def data_consumer_count(self) -> int:
        return sum(len(transport.data_consumers) for transport in self.transports.values())


@dataclass(slots=True)
class PlainPath:
    """The path of a plain transport: its addresses, and how far it is connected."""

    comedia: bool
    """True when the first valid packet tells the address of the other side."""
    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None
    """The addresses of RTCP; None when it comes and goes with RTP."""
    secure: bool = False
    """True when its packets are encrypted (SRTP)."""
    connected: bool = False
    """True when its client has said where it is, or how it encrypts, or is just saying so."""


@dataclass(slots=True, eq=False)
class Transport:
    """One transport of a peer."""

    id: str
    peer: Peer
    branch: Branch
    consuming: bool
    sctp: bool = False
    """True when it can have data channels."""
    plain: PlainPath | None = None
    """The path of a plain transport; None for a WebRTC one."""
    producers: dict[str, Producer] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    data_producers: dict[str, DataProducer] = field(default_factory=dict)
    data_consumers: dict[str, DataConsumer] = field(default_factory=dict)
    consumer_ssrcs: set[int] = field(default_factory=set)
    limit_bps: int | None = None
    """The limit of what its client sends, as the worker was told; None: that of the settings alone."""
    claims: StreamClaims = field(default_factory=StreamClaims)
    claim: Claim = field(default_factory=Claim)
    cname: str = ""
    """The CNAME of every producer here: the first one's, so that audio and video stay synchronous."""
    closed: bool = False
    _mids_taken: int = 0

    def take_mid(self) -> str:
        """Return the next consumer's MID, which no earlier consumer of this transport had."""
        self._mids_taken += 1
        return consumer_mid(self._mids_taken - 1)

    def take_ssrc(self) -> int:
        """Return an SSRC that is free on this transport, together with the one after it, which is for RTX.

        It is taken until it is removed from `consumer_ssrcs`.
        """
        while True:
            ssrc = draw_ssrc(2)
            if self.consumer_ssrcs.isdisjoint((ssrc - 1, ssrc, ssrc + 1)):
                self.consumer_ssrcs.add(ssrc)
                return ssrc


@dataclass(slots=True, eq=False, weakref_slot=True)
class Producer:
    """A track that a peer sends."""

    id: str
    kind: MediaKind
    type: ProducerType
    transport: Transport
    consumable: RtpParameters
    """The parameters from which every consumer is negotiated."""
    app_data: dict[str, Any]
    claim: Claim = field(default_factory=Claim)
    created: bool = False
    """True when the worker has it; before, the client cannot know its id."""
    announced: bool = False
    """True when its client has been answered, and the others are being offered it."""
    paused: bool = False
    closed: bool = False
    score: list[EncodingScore] = field(default_factory=list)
    wanted_layer: int | None = None
    """The highest spatial layer its client is asked to send; None until the worker first tells of one."""
    consumers: dict[str, Consumer] = field(default_factory=dict)
    audience: Counter[Branch] = field(default_factory=Counter)
    """The number of its consumers on each branch that has any."""

    @property
    def peer(self) -> Peer:
        return self.transport.peer

    @property
    def branch(self) -> Branch:
        return self.transport.branch

    def require_granted(self) -> None:
        """Raise Forbidden when its peer may not send it, by the grants that the peer has now."""
        mime_types = [codec.mime_type for codec in self.consumable.codecs]
        self.peer.grants.require_track(self.kind, self.app_data, mime_types)

    def announced_consumers(self) -> list[Consumer]:
        """Return the consumers whose clients know them, and so may be told of changes."""
        return [consumer for consumer in self.consumers.values() if consumer.announced]


@dataclass(slots=True, eq=False)
class Consumer:
    """A producer's track on its way to another peer."""

    id: str
    producer: Producer
    transport: Transport
    ssrc: int
    mid: str
    form: Form
    claim: Claim = field(default_factory=Claim)
    announced: bool = False
    """True when its client has been told of it, and so may be told of changes."""
    accepted: bool = False
    """True when its client has agreed to receive it: only then may packets flow."""
    paused: bool = False
    """True when the client has paused it, which it may do before it accepts."""
    closed: bool = False
    score: ConsumerScore | None = None

    @property
    def peer(self) -> Peer:
        return self.transport.peer

    @property
    def branch(self) -> Branch:
        return self.transport.branch

    @property
    def kind(self) -> str:
        return self.producer.kind

    def offer(self) -> ConsumerOffer:
        """Return the offer to its client, by the present state."""
        producer = self.producer
        return ConsumerOffer(
            consumer_id=self.id,
            producer_id=producer.id,
            peer_id=producer.peer.id,
            transport_id=self.transport.id,
            kind=producer.kind,
            type=producer.type,
            rtp_parameters=self.form.fill(self.ssrc, self.mid),
            app_data=producer.app_data,
            producer_paused=producer.paused,
            score=self.score or ConsumerScore(10, 10, []),
        )


@dataclass(slots=True, eq=False)
class DataProducer:
    """A data channel that a peer sends on, or the direct one of the room's bot."""

    id: str
    branch: Branch
    transport: Transport | None
    """The transport of its client; None for the bot's."""
    label: str
    protocol: str
    app_data: dict[str, Any]
    stream: SctpStreamParameters | None = None
    """The stream on its transport; None for the bot's."""
    claim: Claim = field(default_factory=Claim)
    created: bool = False
    """True when the worker has it; before, the client cannot know its id."""
    announced: bool = False
    """True when its client has been answered, and the others are being offered it."""
    closed: bool = False
    consumers: dict[str, DataConsumer] = field(default_factory=dict)
    audience: Counter[Branch] = field(default_factory=Counter)
    """The number of its consumers on each branch that has any."""

    @property
    def peer(self) -> Peer | None:
        """The peer that sends; None for the bot's."""
        return None if self.transport is None else self.transport.peer


@dataclass(slots=True, eq=False)
class DataConsumer:
    """The messages of a data producer on their way to another peer."""

    id: str
    producer: DataProducer
    transport: Transport
    claim: Claim = field(default_factory=Claim)
    announced: bool = False
    """True when its client has been told of it, and so is told of its end."""
    accepted: bool = False
    """True when its client has agreed to receive it."""
    closed: bool = False

    @property
    def peer(self) -> Peer:
        return self.transport.peer

    @property
    def branch(self) -> Branch:
        return self.transport.branch

    def offer(self, stream: SctpStreamParameters) -> DataConsumerOffer:
        """Return the offer to its client; `stream` is the one that the worker has chosen."""
        producer = self.producer
        return DataConsumerOffer(
            data_consumer_id=self.id,
            data_producer_id=producer.id,
            transport_id=self.transport.id,
            peer_id=None if producer.peer is None else producer.peer.id,
            sctp_stream_parameters=stream.to_wire(),
            label=producer.label,
            protocol=producer.protocol,
            app_data=producer.app_data,
        )


def draw_ssrc(count: int) -> int:
    """Return the first of `count` random SSRCs in a row."""
    return secrets.choice(SSRC_RANGE[: 1 - count] if count > 1 else SSRC_RANGE)


def new_peer(
    peer_id: str, branch: Branch, listener: PeerListener, log: Log, address: str | None = None
) -> Peer:
    """Return a client that has connected from `address` and not joined."""
    info = PeerInfo(peer_id, "", Device(), address=address or "")
    return Peer(peer_id, branch, listener, log, info, holder_at(address))
