"""Records between Python and the media thread: commands down, events and punted datagrams up, and counters.

Everything is a fixed-size record of integers and bytes, so that rings can hold them and nothing is allocated on the
way. A handle is generation << 20 | index; index names the slot, generation tells a late command from a current one.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.own_sockets cimport Network
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
    MAX_PASSWORD = 64              # a block of SHA-1
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
    EVENT_SCTP = 14
    EVENT_LEARNED = 15

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
    COMMAND_OWN_SOCKET = 30
    COMMAND_SET_REMOTE = 31
    COMMAND_ALLOW_SOURCE = 32
    COMMAND_COUNT = 33

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
    uint32_t password_length       # not in a command that removes it
    uint8_t password[MAX_PASSWORD]

ctypedef struct OpenTransportBody:
    UsernameBody username          # empty: without ICE
    uint32_t rtcp_ssrc
    uint32_t secure
    uint32_t data                  # with data channels
    uint64_t max_incoming_bitrate_bps
    uint64_t initial_outgoing_bitrate_bps

ctypedef struct OwnSocketBody:
    uint16_t socket
    uint8_t rtcp                   # RTCP alone comes and goes there
    uint8_t learn                  # the transport's address is that of the first packet to be believed

ctypedef struct RemoteBody:
    Address address
    uint32_t rtcp                  # of the socket for RTCP alone

ctypedef struct SourceBody:        # one row of a table that takes effect with its last row
    Network network
    uint32_t row
    uint32_t rows                  # 0: the table is empty

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
    OwnSocketBody own_socket
    RemoteBody remote
    SourceBody source
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

ctypedef struct LearnedEvent:      # of the transport
    Address address
    uint8_t rtcp

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
    LearnedEvent learned
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
