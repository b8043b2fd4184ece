"""Records between Python and the media thread: commands down, events and punted datagrams up, and counters.

Everything is a fixed-size record of integers and bytes, so that rings can hold them and nothing is allocated on the
way. A handle is generation << 20 | index; index names the slot, generation tells a late command from a current one.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.stats_records cimport StreamStats, TransportStats
from mediad._fastpath.stream.layer_rates cimport RATED_CHOICES
from mediad._fastpath.stream.level_meter cimport LEVEL_STEPS
from mediad._fastpath.stream.link cimport LinkSettings
from mediad._fastpath.wire.rtp cimport EXT_COUNT

cdef enum:
    INDEX_BITS = 20
    INDEX_MASK = 0xFFFFF
    MAX_ENCODINGS = 4
    MAX_CODECS = 8
    MAX_MID = 16
    MAX_RID = 16
    MAX_CNAME = 64
    MAX_USERNAME = 64
    MAX_USERNAMES = 3              # of a transport: in use, handed out last, and one between; ICE keeps no more
    MAX_ADDRESSES = 8              # validated paths of a transport; ICE keeps no more
    PUNT_BYTES = 1936
    LEVEL_INTERVAL_US = 300000     # between LEVEL events of a producer

cpdef enum Kind:
    KIND_TRANSPORT = 0
    KIND_PRODUCER = 1
    KIND_CONSUMER = 2
    KIND_SOCKET = 3

cdef enum EventKind:
    EVENT_STUN = 1
    EVENT_DTLS = 2
    EVENT_CLOSED = 3
    EVENT_STREAM = 4
    EVENT_CONSUMER_SCORE = 5
    EVENT_LAYERS = 6
    EVENT_LEVEL = 7
    EVENT_STATS = 8
    EVENT_ESTIMATE = 9
    EVENT_BITRATES = 10
    EVENT_REFUSED = 11
    EVENT_PATH = 12
    EVENT_PATH_LOST = 13

# Why something was not done. One counter each, named the same in statistics.
cpdef enum Drop:
    DROP_UNKNOWN_PROTOCOL = 0      # the first byte is none of those of RFC 7983
    DROP_STUN_MALFORMED = 1
    DROP_STUN_UNKNOWN_USERNAME = 2
    DROP_DTLS_UNKNOWN_ADDRESS = 3  # ICE has not validated the address
    DROP_MEDIA_UNKNOWN_ADDRESS = 4
    DROP_PUNT_FULL = 5             # Python is behind; STUN and DTLS retransmit
    DROP_NO_KEYS = 6               # media before the DTLS handshake was verified
    DROP_RTP_MALFORMED = 7
    DROP_RTCP_MALFORMED = 8
    DROP_SRTP_AUTH = 9
    DROP_SRTP_REPLAY = 10
    DROP_SSRC_UNKNOWN = 11         # no MID, RID or SSRC leads to a producer
    DROP_PAYLOAD_TYPE_UNKNOWN = 12
    DROP_DUPLICATE = 13
    DROP_SEQUENCE_JUMP = 14
    DROP_PADDING_ONLY = 15         # a sender's probe: counted for feedback, nothing to forward
    DROP_RTX_STALE = 16            # RTX of a stream that has not started
    DROP_PRODUCER_PAUSED = 17
    DROP_POOL_EMPTY = 18
    DROP_TRUNCATED = 19            # larger than a packet slot
    DROP_CONSUMER_NOT_CONNECTED = 20
    DROP_CODEC_NOT_ACCEPTED = 21
    DROP_WAITING_KEYFRAME = 22
    DROP_DTX = 23
    DROP_OUT_OF_SEGMENT = 24       # late packet from before a switch
    DROP_PROTECT_FAILED = 25
    DROP_TOO_LARGE = 26
    DROP_SEND_FAILED = 27          # the kernel refused (full buffer, unreachable)
    DROP_RTX_GONE = 28             # asked for again, no longer kept
    DROP_RTX_TOO_SOON = 29         # asked for again within a round trip
    DROP_STALE_COMMAND = 30        # its object was closed meanwhile
    DROP_EVENT_FULL = 31           # a periodic event found the ring full
    DROP_LAYER_NOT_WANTED = 32     # of a spatial or temporal layer this consumer does not get
    DROP_RTX_OBSOLETE = 33         # a newer key frame, or another encoding, made it useless
    DROP_RTX_TOO_MANY = 34         # repeats would crowd out what is new
    DROP_STUN_STRANGER_BUDGET = 35  # checks from addresses not validated, beyond what Python looks at
    DROP_STUN_PATH_BUDGET = 36     # checks on a validated path, beyond what any client sends
    DROP_DTLS_BUDGET = 37          # DTLS records beyond what any handshake takes
    DROP_PATH_UNPROVEN = 38        # more than three times the bytes from an address without a proved receiver
    DROP_COMMAND_REFUSED = 39      # could not be done; a REFUSED event says why
    DROP_RTCP_TOO_MUCH = 40        # the rest of a compound packet that asks for more work than any honest one
    DROP_STORED_POOL_LOW = 41      # kept for repeats, let go before its time: the oldest goes first
    DROP_STORED_OVER_SHARE = 42    # the same, as its transport keeps more than its share
    DROP_SSRC_SECOND = 43          # names an encoding whose SSRC is alive, or changed too often
    DROP_REPORTER_UNKNOWN = 44     # RTCP under one more SSRC than such a transport may report with
    DROP_REPEAT_DIFFERS = 45       # asked for again, but would not be the same packet
    DROP_SOCKET_CLOSED = 46        # came to a port of its own, whose transport closed meanwhile
    DROP_DATA_BUDGET = 47          # data channels: more than Python reads of one client
    DROP_THROTTLE_LOSS = 48        # by chance, on a network that is emulated
    DROP_THROTTLE_FULL = 49        # waited too long there, or there was no room, or it ended
    DROP_TCP_MEDIA_FULL = 50       # a peer that does not read: the oldest media goes first (io/tcp_queue)
    DROP_TCP_MEDIA_LATE = 51       # the same, as it waited too long
    DROP_TCP_DATA_FULL = 52        # the same, of data channels
    DROP_TCP_CONTROL_FULL = 53     # the same, of STUN, DTLS and RTCP
    DROP_TCP_OVER_SHARE = 54       # the same, as such peers share the memory they take
    DROP_TCP_GONE = 55             # its connection has ended
    DROP_COUNT = 56

cpdef enum Counter:
    COUNT_DATAGRAMS_RECEIVED = 0
    COUNT_DATAGRAMS_SENT = 1
    COUNT_RTP_RECEIVED = 2
    COUNT_RTP_FORWARDED = 3
    COUNT_RTX_SENT = 4
    COUNT_RTCP_RECEIVED = 5
    COUNT_RTCP_SENT = 6
    COUNT_NACKS_SENT = 7
    COUNT_KEYFRAME_REQUESTS = 8
    COUNT_KEYFRAMES_REPLAYED = 9
    COUNT_RECEIVE_BATCHES = 10
    COUNT_SEND_BATCHES = 11
    COUNT_SEND_MESSAGES = 12       # with GSO one message carries several datagrams
    COUNT_PROBATION_SENT = 13
    COUNT_NEWS_DELAYED = 14        # changes that Python was not told of at once
    COUNT_GSO_REFUSED = 15         # GSO messages refused whose datagrams then went one by one
    COUNT_TCP_SENDS = 16           # system calls
    COUNT_TCP_ACCEPTED = 17
    COUNT_TCP_REFUSED_ADDRESS = 18  # its address has as many connections as one may have
    COUNT_TCP_REFUSED_FULL = 19    # all connections are in use
    COUNT_TCP_REFUSED_DESCRIPTORS = 20  # the process, or the kernel, has none left
    COUNT_TCP_CLOSED_BY_PEER = 21
    COUNT_TCP_CLOSED_BY_TRANSPORT = 22  # it gave the path up, or closed
    COUNT_TCP_CLOSED_FAILED = 23   # the kernel gave it up, or nothing could be sent any more
    COUNT_TCP_CLOSED_SILENT = 24   # no authentic check
    COUNT_TCP_CLOSED_CROWDED_OUT = 25   # the oldest without an authentic check, for a new one
    COUNT_TCP_CLOSED_TOO_EARLY = 26     # sent more than checks before an authentic one
    COUNT_TCP_CLOSED_FRAME_TOO_LONG = 27
    COUNT_TCP_CLOSED_UNKNOWN_PROTOCOL = 28
    COUNT_COUNT = 29

cpdef enum CommandKind:
    COMMAND_OPEN_SOCKET = 0
    COMMAND_CLOSE_SOCKET = 1
    COMMAND_OPEN_TRANSPORT = 2
    COMMAND_CLOSE_TRANSPORT = 3
    COMMAND_ADD_USERNAME = 4
    COMMAND_REMOVE_USERNAME = 5
    COMMAND_ADD_ADDRESS = 6
    COMMAND_REMOVE_ADDRESS = 7
    COMMAND_SELECT_ADDRESS = 8
    COMMAND_SET_KEYS = 9
    COMMAND_OPEN_PRODUCER = 10
    COMMAND_PAUSE_PRODUCER = 11
    COMMAND_CLOSE_PRODUCER = 12
    COMMAND_OPEN_CONSUMER = 13
    COMMAND_SET_CONSUMER_SESSIONS = 14
    COMMAND_PAUSE_CONSUMER = 15
    COMMAND_SET_TARGET = 16
    COMMAND_REQUEST_KEY_FRAME = 17
    COMMAND_CLOSE_CONSUMER = 18
    COMMAND_REQUEST_STATS = 19
    COMMAND_STOP = 20              # the loop's own: leave run()
    COMMAND_SET_PROBE_SESSION = 21
    COMMAND_SET_DESIRED_BITRATE = 22
    COMMAND_CAP_UPLINK = 23
    COMMAND_SELECT_UNPROVEN = 24
    COMMAND_PROVE_ADDRESS = 25
    COMMAND_ASK_ADDRESS = 26
    COMMAND_THROTTLE_TRANSPORT = 27
    COMMAND_UNTHROTTLE_TRANSPORT = 28
    COMMAND_OPEN_LISTENER = 29
    COMMAND_COUNT = 30

# Why a command was not done. Every one that was not is told by a REFUSED event.
cpdef enum Refusal:
    DONE = 0
    REFUSED_STALE = 1              # its object was closed meanwhile, or never opened
    REFUSED_NO_MEMORY = 2
    REFUSED_FULL = 3               # a bound of one object is reached
    REFUSED_TAKEN = 4              # the name belongs to another object
    REFUSED_OUT_OF_RANGE = 5
    REFUSED_NO_SUCH_COMMAND = 6

ctypedef struct UsernameBody:
    uint32_t length
    uint8_t bytes[MAX_USERNAME]

ctypedef struct OpenTransportBody:
    UsernameBody username
    uint32_t rtcp_ssrc
    uint32_t secure
    uint32_t data                  # with data channels
    uint64_t max_incoming_bitrate_bps
    uint64_t initial_outgoing_bitrate_bps

ctypedef struct KeysBody:
    void* receive_session
    void* rtcp_session

ctypedef struct CodecBody:
    uint32_t clock_rate
    uint8_t payload_type
    uint8_t rtx_payload_type       # 0 = none
    uint8_t router_payload_type
    uint8_t codec

ctypedef struct EncodingBody:
    uint32_t ssrc                  # 0 = learned from MID and RID
    uint32_t rtx_ssrc
    uint8_t rid_length
    uint8_t rid[MAX_RID]

ctypedef struct OpenProducerBody:
    uint32_t transport             # handle
    uint8_t video
    uint8_t paused
    uint8_t nack
    uint8_t pli
    uint8_t fir
    uint8_t transport_cc
    uint8_t remb
    uint8_t levels
    uint8_t fec
    uint8_t codec_count
    uint8_t encoding_count
    uint8_t mid_length
    uint8_t mid[MAX_MID]
    uint8_t extension_ids[EXT_COUNT]   # 0 = not negotiated
    CodecBody codecs[MAX_CODECS]
    EncodingBody encodings[MAX_ENCODINGS]
    uint64_t inactivity_us

ctypedef struct OpenConsumerBody:
    uint32_t transport             # handles
    uint32_t producer
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint32_t clock_rate
    uint32_t first_timestamp
    uint16_t first_sequence_number
    uint16_t first_rtx_sequence_number
    int32_t target
    uint8_t target_spatial
    uint8_t target_temporal
    uint8_t video
    uint8_t nack
    uint8_t ignore_dtx
    uint8_t whole                  # no layer of the target is ever left out
    uint8_t paused
    uint8_t codec_count
    uint8_t payload_types[MAX_CODECS]
    uint8_t rtx_payload_types[MAX_CODECS]
    uint8_t extension_ids[EXT_COUNT]
    uint8_t mid_length
    uint8_t cname_length
    uint8_t mid[MAX_MID]
    uint8_t cname[MAX_CNAME]

ctypedef struct ConsumerSessionsBody:
    void* rtp_session
    void* rtx_session

ctypedef struct TargetBody:
    int32_t encoding
    uint32_t spatial_layer
    uint32_t temporal_layer

ctypedef struct ThrottleBody:
    LinkSettings uplink
    LinkSettings downlink

ctypedef struct StatsBody:
    uint32_t kind
    uint64_t request_id

ctypedef union CommandBody:
    int32_t fd
    uint32_t flag
    uint64_t bitrate_bps
    void* session
    UsernameBody username
    Address address
    OpenTransportBody open_transport
    KeysBody keys
    OpenProducerBody open_producer
    OpenConsumerBody open_consumer
    ConsumerSessionsBody consumer_sessions
    TargetBody target
    ThrottleBody throttle
    StatsBody stats

ctypedef struct Command:
    uint32_t kind
    uint32_t handle                # of the object meant; a socket's plain index
    CommandBody body

ctypedef struct ClosedEvent:
    uint32_t kind                  # Kind of the object

ctypedef struct StreamEvent:       # of the producer
    uint32_t encoding
    uint32_t ssrc
    uint8_t score
    uint8_t active

ctypedef struct ConsumerScoreEvent:
    uint8_t score

ctypedef struct LayersEvent:       # of the consumer
    int32_t encoding               # -1 = none
    uint8_t temporal_layer         # 255 = the encoding has none
    uint8_t spatial_layer

ctypedef struct LevelEvent:        # of the producer, see stream/level_meter
    uint32_t packets
    uint32_t attenuation
    uint32_t steps
    uint8_t loudness[LEVEL_STEPS]

ctypedef struct EstimateEvent:     # of the transport
    uint64_t available_bps
    uint64_t delivered_bps
    uint64_t queue_us

ctypedef struct BitratesEvent:     # of the producer
    uint32_t encoding
    uint32_t bps[RATED_CHOICES]

ctypedef struct RefusedEvent:
    uint32_t kind                  # Kind of the object
    uint32_t command               # CommandKind
    uint32_t reason                # Refusal

ctypedef struct PathEvent:         # of the transport
    Address address
    uint64_t heard_us              # 0 = never
    uint64_t dropped_us            # 0 = never
    uint8_t asked

ctypedef union StatsValues:
    TransportStats transport
    StreamStats stream

ctypedef struct StatsEvent:
    uint64_t request_id
    uint32_t kind                  # Kind of the object
    uint8_t present                # this record holds values
    uint8_t last                   # no further record for this request
    StatsValues values

ctypedef union EventBody:
    ClosedEvent closed
    StreamEvent stream
    ConsumerScoreEvent consumer_score
    LayersEvent layers
    LevelEvent level
    EstimateEvent estimate
    BitratesEvent bitrates
    RefusedEvent refused
    PathEvent path
    StatsEvent stats

ctypedef struct Event:
    uint32_t kind                  # EventKind: which part of the body counts
    uint32_t handle                # of the object meant; a socket's plain index
    EventBody body

ctypedef struct Punt:
    uint32_t kind
    uint32_t handle
    Address source
    uint32_t length
    uint32_t zero
    uint64_t selected_heard_us     # when authentic media last came from where ours goes to; 0 = never
    uint8_t bytes[PUNT_BYTES]
