"""Objects of the media path and the links between them: flat arrays of slots, linked by index.

    Transport ─┬─ producers (list) ── ReceiveStream × encodings ── subscribers (dense array of consumers)
               └─ consumers (list)

A consumer subscribes only to the streams it receives or waits for, so a packet's cost is the number of its receivers,
whatever else is in the room. Slots are reused; a handle's generation tells objects of one slot apart. Only the media
thread touches any of this.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.pool cimport Pool
from mediad._fastpath.base.rate cimport RateMeter
from mediad._fastpath.base.ring cimport Ring
from mediad._fastpath.base.table cimport Address, AddressTable, Table
from mediad._fastpath.base.wheel cimport Wheel
from mediad._fastpath.engine.counts cimport COUNT_COUNT, DROP_COUNT, Drop
from mediad._fastpath.engine.messages cimport (
    MAX_ADDRESSES, MAX_CNAME, MAX_CODECS, MAX_ENCODINGS, MAX_MID, MAX_RID, MAX_USERNAMES, CodecBody,
)
from mediad._fastpath.engine.outbox cimport Outbox
from mediad._fastpath.engine.own_sockets cimport OwnSockets, SocketOwner, Sources
from mediad._fastpath.stream.estimator_state cimport Estimator
from mediad._fastpath.stream.history cimport PacketStore, SentHistory
from mediad._fastpath.stream.keeper cimport Keeper
from mediad._fastpath.stream.keyframes cimport KeyframeRequests
from mediad._fastpath.stream.layer_rates cimport LayerRates
from mediad._fastpath.stream.layer_selector cimport LayerSelector
from mediad._fastpath.stream.level_meter cimport LevelMeter
from mediad._fastpath.stream.link cimport Throttle
from mediad._fastpath.stream.pacer cimport Pacer
from mediad._fastpath.stream.playout cimport PlayoutDelay
from mediad._fastpath.stream.receiver cimport RtpStreamReceiver
from mediad._fastpath.stream.rewriter cimport RtpRewriter
from mediad._fastpath.stream.sender cimport RtpStreamSender
from mediad._fastpath.stream.twcc cimport TwccRecorder
from mediad._fastpath.stream.uplink cimport UplinkEstimate
from mediad._fastpath.wire.dependency cimport DependencyStructure
from mediad._fastpath.wire.hmac_sha1 cimport HmacKey
from mediad._fastpath.wire.rtp cimport EXT_COUNT

cdef enum:
    PAIR_CELLS = 4096              # of Strangers
    HOST_CELLS = 1024
    RTX_FLAG = 0x80                # in codec_of_payload: this payload type is the codec's RTX
    NO_CODEC = 0xFF
    MAX_REPORTERS = 256            # SSRCs that a peer's RTCP comes under
    RETIRED_SSRCS = 8
    NO_RTX = 0xFF                  # in Consumer.rtx_of_payload: accepted, but without RTX
    ALL_LAYERS = 255

cdef extern from "<stdint.h>":
    const uint32_t NONE "UINT32_MAX"
    const uint32_t NOT_SUBSCRIBED "UINT32_MAX"
    const uint64_t NO_LIMIT "UINT64_MAX"

ctypedef struct News:              # of one kind (engine/news)
    uint64_t paced_us              # when all that was told would have been told, at one an interval
    bint waiting                   # for its timer, to be told

ctypedef struct Traffic:
    uint64_t bytes
    RateMeter rate

ctypedef struct Probation:
    void* session                  # lent by Python until CLOSED
    uint32_t consumers             # video consumers with transport-cc: without one the peer does not expect the stream
    uint16_t sequence_number
    uint8_t extension_ids[EXT_COUNT]   # as the first of them has them
    Traffic sent

# One validated remote address of a transport. Its place in `paths` does not change: `addresses` names it.
ctypedef struct Path:
    bint used
    Address address
    uint64_t heard_us              # when authentic media last came from it; 0 = never: no receiver is proved there
    uint64_t checked_us            # when Python last handled a check from it
    uint64_t dropped_us            # when a check from it last found no place towards Python
    uint64_t checks_due_us         # budget

# How much of the way up to Python is in use by one transport, for one purpose.
ctypedef struct PuntShare:
    uint32_t waiting               # at most this many have not been read
    uint32_t newest                # the ring's count of records just after the newest of them

# Budgets of checks from addresses that ICE has not validated. Addresses can be forged in any number, so the cells are
# shared by chance, by a hash with a secret seed.
ctypedef struct Strangers:
    uint64_t by_pair_due_us[PAIR_CELLS]    # transport and host
    uint64_t by_host_due_us[HOST_CELLS]
    uint64_t all_due_us

ctypedef struct Credentials:       # of ICE
    uint64_t username              # hash of the fragment
    HmacKey key

ctypedef struct Transport:
    uint32_t handle                # 0 = free slot
    uint32_t socket
    bint secure
    bint ice                       # else it has sockets of its own, and neither estimate nor probes
    bint has_address               # `selected` is set
    uint32_t selected_path         # index in `paths`; NONE = not one of them
    uint64_t send_limit_bytes      # `sent.bytes` goes no higher; NO_LIMIT once the peer has proved to receive there
    bint data                      # has data channels
    bint has_keys
    void* receive_session          # lent by Python until CLOSED
    void* rtcp_session
    Address selected
    uint32_t rtcp_ssrc
    uint16_t transport_cc_sequence  # of the next packet we send with the extension
    uint32_t outbox_head           # datagrams waiting in the outbox
    uint32_t outbox_tail
    OwnSockets own
    uint32_t first_producer
    uint32_t first_consumer
    uint32_t consumer_count
    uint8_t naming[256]            # by extension id: MID, RID or repaired RID for some producer, else EXT_UNKNOWN
    # SSRCs that libsrtp keeps streams for beside the bound ones (engine/ingress/srtp_streams)
    uint32_t retired[RETIRED_SSRCS]    # a ring; 0 = empty
    uint32_t retired_count
    uint32_t reporters[MAX_REPORTERS]  # a ring, in order of coming
    uint32_t reporter_head
    uint32_t reporter_count
    uint64_t reporter_replaced_us
    Traffic received
    Traffic sent
    Traffic rtp_received
    Traffic rtp_sent
    Traffic rtx_received
    Traffic rtx_sent
    uint64_t announced_bitrate_bps  # by the last REMB; 0 = none, or none that limits
    uint32_t lifted_rembs          # that still say that the limit is gone
    UplinkEstimate uplink
    # the sender's wall clock against ours, from its SRs: ours = theirs + offset
    bint has_clock_offset
    int64_t clock_offset_us
    # XR (RFC 3611): the peer's last reference time, to answer with DLRR
    uint32_t remote_reference      # compact NTP; 0 = none
    uint64_t remote_reference_us
    uint32_t remote_reference_ssrc
    uint64_t rtt_us                # from DLRR; 0 = unknown
    uint8_t fir_command
    Path paths[MAX_ADDRESSES]
    uint64_t strangers_due_us      # budget of checks from addresses that are none of them
    uint64_t stranger_dropped_us   # when one of those last found no place towards Python
    uint64_t dtls_due_us           # budget of DTLS records
    uint64_t data_due_us           # budget of those with data of data channels
    PuntShare stranger_share
    PuntShare path_share
    PuntShare dtls_share
    PuntShare data_share
    uint32_t username_count
    Credentials credentials[MAX_USERNAMES]
    TwccRecorder transport_cc      # of what the peer sends us
    Probation probation
    uint64_t told_estimate_bps     # by the last ESTIMATE event
    uint64_t told_estimate_us
    News estimate_news
    Estimator estimator            # of what the peer can receive
    Pacer pacer
    Throttle* throttle             # NULL = none; the transport's own

ctypedef struct ReceiveStream:
    uint32_t producer              # index
    uint32_t encoding
    bint detected                  # a packet came; ssrc is known
    uint64_t[2] heard_us           # when an authentic packet came under its SSRC, and under its RTX SSRC; 0 = never
    uint64_t progress_us           # when the newest packet of media came, neither late nor repeated
    uint32_t subscriber_count
    uint32_t subscriber_capacity
    uint32_t* subscribers          # consumer indices
    int64_t keyframe_sequence      # unwrapped number of the newest key frame's first packet; -1 = none kept
    uint64_t keyframe_us
    bint shows_keyframes           # one came that is one beyond doubt (PayloadInfo.is_doubtful)
    RtpStreamReceiver receiver
    KeyframeRequests keyframes
    PacketStore store
    uint8_t spatial_count          # VP9: layers the newest scalability structure told of; 0 = none
    DependencyStructure dependencies
    LayerRates rates
    News news

ctypedef struct Encoding:
    uint32_t ssrc
    uint32_t rtx_ssrc
    bint[2] learned                # the SSRC, and the RTX SSRC, were not signalled
    uint64_t[2] changes_paced_us   # when they have changed rarely enough to change again (engine/ingress/binding)
    uint8_t rid_length
    uint8_t rid[MAX_RID]

ctypedef struct Producer:
    uint32_t handle
    uint32_t transport             # index
    uint32_t next_in_transport
    uint32_t previous_in_transport
    uint32_t first_consumer
    bint paused
    bint video
    bint nack
    bint pli
    bint fir
    bint transport_cc
    bint remb
    bint fec                       # its encoder repairs what our reports say is lost (Opus, in band)
    uint32_t codec_count
    uint32_t encoding_count
    uint64_t inactivity_us
    LevelMeter levels
    uint8_t mid_length
    uint8_t mid[MAX_MID]
    CodecBody codecs[MAX_CODECS]
    Encoding encodings[MAX_ENCODINGS]
    uint8_t codec_of_payload[128]
    uint8_t red_primary            # codec whose frames redundant audio brings; NO_CODEC = none
    uint8_t kind_of_extension[256]

ctypedef struct Consumer:
    uint32_t handle
    uint32_t transport             # index
    uint32_t producer              # index
    int32_t current                # encoding being sent; -1 = none yet
    int32_t target                 # encoding wanted; -1 = none
    uint32_t target_spatial        # layers wanted within it
    uint32_t target_temporal
    bint paused
    bint needs_sync                # the next packet to send starts a new segment
    bint video
    bint ignore_dtx
    bint nack
    bint announced                 # a LAYERS event told of `current` and the layers below
    uint8_t announced_spatial      # ALL_LAYERS: the stream does not tell of layers
    uint8_t announced_temporal
    void* rtp_session              # lent by Python until CLOSED; NULL = nothing may be sent yet
    void* rtx_session
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint8_t mid_length
    uint8_t cname_length
    uint8_t extension_ids[EXT_COUNT]
    uint8_t mid[MAX_MID]
    uint8_t rtx_of_payload[128]    # by router payload type: 0 = not accepted, NO_RTX, else the RTX payload type
    uint32_t position[MAX_ENCODINGS]   # in that stream's subscribers
    uint32_t next_in_transport
    uint32_t previous_in_transport
    uint32_t next_in_producer
    uint32_t previous_in_producer
    uint8_t cname[MAX_CNAME]
    SentHistory history
    RtpStreamSender sender
    RtpRewriter rewriter
    uint64_t newest_capture_us     # of the rewriter's highest timestamp; 0 = unknown
    LayerSelector layers           # within the current encoding
    PlayoutDelay playout
    News score_news
    News layers_news
    uint64_t replayed[MAX_ENCODINGS]   # serial of the key frame that was sent from memory last, of each

ctypedef struct Engine

cdef enum TimerPurpose:
    TIMER_REPORT = 0
    TIMER_FEEDBACK = 1
    TIMER_LEVEL = 2
    TIMER_NACK = 3
    TIMER_KEYFRAME = 4
    TIMER_PACE = 5
    TIMER_TRANSPORT_NEWS = 6
    TIMER_STREAM_NEWS = 7
    TIMER_CONSUMER_NEWS = 8
    TIMER_KEEPER = 9
    TIMER_THROTTLE = 10

cdef enum:
    TIMER_PURPOSES = 11

ctypedef void (*FlushFunction)(Engine* engine) noexcept nogil

ctypedef struct Engine:
    Transport* transports
    Producer* producers
    ReceiveStream* streams         # producer index * MAX_ENCODINGS + encoding
    Consumer* consumers
    uint32_t transport_capacity
    uint32_t producer_capacity
    uint32_t consumer_capacity
    Table usernames                # hash of a username fragment → transport
    AddressTable addresses         # validated remote address → transport * MAX_ADDRESSES + index in its paths
    Strangers strangers
    SocketOwner* socket_owners     # by number of the socket
    Sources sources
    Table inbound                  # transport << 32 | SSRC → stream << 1 | is RTX
    Table outbound                 # transport << 32 | SSRC → consumer
    Table reporters                # transport << 32 | SSRC of RTCP that came under none of `inbound` → 1
    Wheel wheel
    uint32_t first_timer[TIMER_PURPOSES + 1]   # by purpose; behind them the number of all timers
    Pool pool
    Keeper keeper                  # of what the streams' stores hold of the pool; owners are transports
    bint keeper_waits              # its timer is armed
    uint32_t throttled             # transports with a throttle
    Outbox outbox
    FlushFunction flush            # sends the whole outbox and empties it
    void* context                  # of flush
    Ring events
    Ring punts
    bint has_news                  # something was put into events or punts since the owner last looked
    int64_t wall_offset_us         # wall clock (µs since 1970) = now_us + this
    uint64_t seed                  # of hashes: never changes
    uint64_t jitter                # state of the generator that spreads reports
    uint64_t drops[DROP_COUNT]
    uint64_t counts[COUNT_COUNT]

cdef bint engine_init(Engine* engine, uint32_t packet_slots, uint32_t transports, uint32_t producers,
                      uint32_t consumers, uint32_t outbox_capacity, uint64_t seed, uint64_t now_us,
                      uint64_t wall_us) noexcept nogil
cdef void engine_destroy(Engine* engine) noexcept nogil

# Slots by handle: NULL when the handle is stale.
cdef Transport* transport_of(Engine* engine, uint32_t handle) noexcept nogil
cdef Producer* producer_of(Engine* engine, uint32_t handle) noexcept nogil
cdef Consumer* consumer_of(Engine* engine, uint32_t handle) noexcept nogil

cdef uint32_t transport_index(const Engine* engine, const Transport* transport) noexcept nogil
cdef uint32_t producer_index(const Engine* engine, const Producer* producer) noexcept nogil
cdef uint32_t consumer_index(const Engine* engine, const Consumer* consumer) noexcept nogil

# Fan-out lists. subscribe returns false when memory for a longer list cannot be had.
cdef bint subscribe(Engine* engine, Consumer* consumer, uint32_t encoding) noexcept nogil
cdef void unsubscribe(Engine* engine, Consumer* consumer, uint32_t encoding) noexcept nogil

# The purpose of a timer; *index is the object that it is for.
cdef TimerPurpose timer_purpose(const Engine* engine, uint32_t timer, uint32_t* index) noexcept nogil


cdef inline void drop(Engine* engine, Drop reason) noexcept nogil:
    engine.drops[<int>reason] += 1


cdef inline ReceiveStream* target_stream(Engine* engine, const Consumer* consumer) noexcept nogil:
    """Stream that a consumer with a target is to follow."""
    return &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.target]


cdef inline uint64_t ssrc_key(uint32_t transport, uint32_t ssrc) noexcept nogil:
    return (<uint64_t>transport << 32) | ssrc


cdef inline uint64_t wall_us(const Engine* engine, uint64_t now_us) noexcept nogil:
    return <uint64_t>(<int64_t>now_us + engine.wall_offset_us)


# Timers of the wheel: one for each object and purpose.

cdef inline uint32_t report_timer(const Engine* engine, uint32_t transport) noexcept nogil:
    return engine.first_timer[<int>TIMER_REPORT] + transport


cdef inline uint32_t feedback_timer(const Engine* engine, uint32_t transport) noexcept nogil:
    return engine.first_timer[<int>TIMER_FEEDBACK] + transport


cdef inline uint32_t level_timer(const Engine* engine, uint32_t producer) noexcept nogil:
    return engine.first_timer[<int>TIMER_LEVEL] + producer


cdef inline uint32_t nack_timer(const Engine* engine, uint32_t stream) noexcept nogil:
    return engine.first_timer[<int>TIMER_NACK] + stream


cdef inline uint32_t keyframe_timer(const Engine* engine, uint32_t stream) noexcept nogil:
    return engine.first_timer[<int>TIMER_KEYFRAME] + stream


cdef inline uint32_t pace_timer(const Engine* engine, uint32_t transport) noexcept nogil:
    return engine.first_timer[<int>TIMER_PACE] + transport


cdef inline uint32_t transport_news_timer(const Engine* engine, uint32_t transport) noexcept nogil:
    return engine.first_timer[<int>TIMER_TRANSPORT_NEWS] + transport


cdef inline uint32_t stream_news_timer(const Engine* engine, uint32_t stream) noexcept nogil:
    return engine.first_timer[<int>TIMER_STREAM_NEWS] + stream


cdef inline uint32_t consumer_news_timer(const Engine* engine, uint32_t consumer) noexcept nogil:
    return engine.first_timer[<int>TIMER_CONSUMER_NEWS] + consumer


cdef inline uint32_t keeper_timer(const Engine* engine) noexcept nogil:
    return engine.first_timer[<int>TIMER_KEEPER]


cdef inline uint32_t throttle_timer(const Engine* engine, uint32_t transport) noexcept nogil:
    return engine.first_timer[<int>TIMER_THROTTLE] + transport
