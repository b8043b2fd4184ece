"""Which stream an SSRC seen for the first time belongs to: by MID, else RID, else payload type (RFC 8843 section 9.2).

Browsers put MID and RID on the first packets of each SSRC only, so a binding is remembered. It is bounded: an encoding
has one media and one RTX SSRC, and a newer one replaces it.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp
from mediad._fastpath.base.table cimport table_put, table_release
from mediad._fastpath.engine.graph cimport (
    NO_CODEC, NONE, RTX_FLAG, Consumer, Encoding, Engine, Producer, ReceiveStream, Transport, ssrc_key, transport_index,
)
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.stream.history cimport store_clear, store_init
from mediad._fastpath.stream.keyframes cimport keyframes_init
from mediad._fastpath.stream.receiver cimport receiver_init
from mediad._fastpath.wire.rtp cimport EXT_MID, EXT_REPAIRED_RID, EXT_RID, RtpPacket, rtp_map_extensions

cdef enum:
    VIDEO_STORE = 1024             # packets; about two seconds of 5 Mbit/s
    AUDIO_STORE = 128
    VIDEO_KEEP_US = 2000000
    AUDIO_KEEP_US = 1000000


cdef bint same(const RtpPacket* packet, int kind, const uint8_t* value, uint8_t length) noexcept nogil:
    return (
        packet.extension_offset[kind] != 0
        and length != 0
        and packet.extension_length[kind] == length
        and memcmp(packet.data + packet.extension_offset[kind], value, length) == 0
    )


cdef uint32_t encoding_of(Producer* producer, const RtpPacket* packet, bint* is_rtx) noexcept nogil:
    """The encoding this packet names, or NONE. Sets is_rtx."""
    cdef uint8_t codec = producer.codec_of_payload[packet.payload_type]
    cdef Encoding* encoding
    cdef uint32_t i
    if codec == NO_CODEC:
        return NONE
    is_rtx[0] = (codec & RTX_FLAG) != 0
    for i in range(producer.encoding_count):
        encoding = &producer.encodings[i]
        if is_rtx[0] and same(packet, EXT_REPAIRED_RID, encoding.rid, encoding.rid_length):
            return i
        if not is_rtx[0] and same(packet, EXT_RID, encoding.rid, encoding.rid_length):
            return i
    # A lone encoding needs no RID. One that was signalled with an SSRC is that SSRC and no other.
    if producer.encoding_count == 1 and producer.encodings[0].rid_length == 0:
        encoding = &producer.encodings[0]
        if (encoding.rtx_ssrc if is_rtx[0] else encoding.ssrc) == 0:
            return 0
    return NONE


cdef uint32_t bind_stream(Engine* engine, Transport* transport, RtpPacket* packet) noexcept nogil:
    cdef uint32_t transport_number = transport_index(engine, transport)
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding, stream_index
    cdef Producer* producer
    cdef bint is_rtx = False
    while index != NONE:
        producer = &engine.producers[index]
        rtp_map_extensions(packet, producer.kind_of_extension)
        if packet.extension_offset[<int>EXT_MID] == 0 or same(packet, EXT_MID, producer.mid, producer.mid_length):
            encoding = encoding_of(producer, packet, &is_rtx)
            # Without MID only a RID is proof enough; a payload type alone could belong to any producer.
            if encoding != NONE and (
                packet.extension_offset[<int>EXT_MID] != 0
                or packet.extension_offset[<int>EXT_RID] != 0
                or packet.extension_offset[<int>EXT_REPAIRED_RID] != 0
            ):
                stream_index = index * MAX_ENCODINGS + encoding
                if bind(engine, transport_number, producer, encoding, stream_index, packet, is_rtx):
                    return (stream_index << 1) | is_rtx
                return UNBOUND
        index = producer.next_in_transport
    return UNBOUND


cdef bint bind(Engine* engine, uint32_t transport, Producer* producer, uint32_t encoding_index, uint32_t stream_index,
               const RtpPacket* packet, bint is_rtx) noexcept nogil:
    cdef Encoding* encoding = &producer.encodings[encoding_index]
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    if not table_put(&engine.inbound, ssrc_key(transport, packet.ssrc), (stream_index << 1) | is_rtx):
        return False
    if is_rtx:
        forget(engine, transport, encoding.rtx_ssrc, packet.ssrc, (stream_index << 1) | 1)
        encoding.rtx_ssrc = packet.ssrc
        stream.receiver.rtx_ssrc = packet.ssrc
        return True
    forget(engine, transport, encoding.ssrc, packet.ssrc, stream_index << 1)
    encoding.ssrc = packet.ssrc
    return detect_stream(engine, stream_index, packet.ssrc, packet.payload_type)


cdef void forget(Engine* engine, uint32_t transport, uint32_t old_ssrc, uint32_t new_ssrc,
                 uint32_t place) noexcept nogil:
    if old_ssrc != 0 and old_ssrc != new_ssrc:
        table_release(&engine.inbound, ssrc_key(transport, old_ssrc), place)


cdef bint detect_stream(Engine* engine, uint32_t stream_index, uint32_t ssrc, uint32_t payload_type) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef uint8_t codec = producer.codec_of_payload[payload_type & 0x7F]
    cdef uint32_t i
    cdef Consumer* consumer
    if codec == NO_CODEC:
        return False
    if stream.store.packets == NULL:
        if not store_init(&stream.store, &engine.pool, VIDEO_STORE if producer.video else AUDIO_STORE,
                          VIDEO_KEEP_US if producer.video else AUDIO_KEEP_US):
            return False
    else:
        store_clear(&stream.store)
    receiver_init(&stream.receiver, ssrc, producer.codecs[codec & ~RTX_FLAG].clock_rate, producer.nack)
    stream.receiver.rtx_ssrc = producer.encodings[stream.encoding].rtx_ssrc
    keyframes_init(&stream.keyframes)
    stream.keyframe_sequence = -1
    stream.detected = True
    for i in range(stream.subscriber_count):
        consumer = &engine.consumers[stream.subscribers[i]]
        if consumer.current == <int>stream.encoding:
            consumer.needs_sync = True
    return True
