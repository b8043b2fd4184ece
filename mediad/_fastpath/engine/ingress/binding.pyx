"""Binding of an SSRC seen for the first time to a stream: by MID, else RID, else payload type (RFC 8843 section 9.2).

Browsers put MID and RID on the first packets of each SSRC only, so a binding is remembered. It is bounded: an encoding
has one media and one RTX SSRC, and a newer one replaces it.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memset
from mediad._fastpath.base.table cimport table_put, table_release
from mediad._fastpath.engine.graph cimport (
    NO_CODEC, NONE, RTX_FLAG, Consumer, Encoding, Engine, Producer, ReceiveStream, Transport, ssrc_key, transport_index,
)
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.ingress.srtp_streams cimport retire_ssrc
from mediad._fastpath.stream.history cimport store_clear, store_init
from mediad._fastpath.stream.keeper cimport KEPT_AUDIO, KEPT_VIDEO
from mediad._fastpath.stream.keyframes cimport keyframes_init
from mediad._fastpath.stream.layer_rates cimport layer_rates_clear
from mediad._fastpath.stream.receiver cimport receiver_init
from mediad._fastpath.wire.dependency cimport DependencyStructure
from mediad._fastpath.wire.rtp cimport EXT_MID, EXT_REPAIRED_RID, EXT_RID, EXT_UNKNOWN, RtpPacket, rtp_map_extensions

cdef enum:
    VIDEO_STORE = 1024             # packets; about two seconds of 5 Mbit/s
    AUDIO_STORE = 128
    SILENT_US = 100000             # an SSRC not heard for so long may be replaced
    CHANGE_INTERVAL_US = 1000000   # between changes of an encoding's SSRC in the long run
    BURST_US = 3000000             # how far ahead of that they may be: four changes


cdef bint same(const RtpPacket* packet, int kind, const uint8_t* value, uint8_t length) noexcept nogil:
    return (
        packet.extension_offset[kind] != 0
        and length != 0
        and packet.extension_length[kind] == length
        and memcmp(packet.data + packet.extension_offset[kind], value, length) == 0
    )


cdef inline uint32_t ssrc_of(const Encoding* encoding, bint is_rtx) noexcept nogil:
    return encoding.rtx_ssrc if is_rtx else encoding.ssrc


cdef uint32_t encoding_of(Producer* producer, const RtpPacket* packet, bint* is_rtx) noexcept nogil:
    """Return the encoding that this packet names, or NONE; sets is_rtx."""
    cdef uint8_t codec = producer.codec_of_payload[packet.payload_type]
    cdef Encoding* encoding
    cdef uint32_t i
    if codec == NO_CODEC:
        return NONE
    is_rtx[0] = (codec & RTX_FLAG) != 0
    for i in range(producer.encoding_count):
        encoding = &producer.encodings[i]
        if same(packet, EXT_REPAIRED_RID if is_rtx[0] else EXT_RID, encoding.rid, encoding.rid_length):
            return i
    # A lone encoding needs no RID. One that was signalled with an SSRC is that SSRC and no other.
    if producer.encoding_count == 1 and producer.encodings[0].rid_length == 0:
        encoding = &producer.encodings[0]
        if ssrc_of(encoding, is_rtx[0]) == 0 or encoding.learned[is_rtx[0]]:
            return 0
    return NONE


cdef void note_naming(Engine* engine, Transport* transport) noexcept nogil:
    """Note which extension ids name a stream.

    All m-lines of a bundle have the same ids (RFC 8843 section 9.2), so one table serves a packet of any; where they
    contradict each other the newest producer is right.
    """
    cdef uint32_t index = transport.first_producer
    cdef uint32_t extension_id
    cdef uint8_t kind
    memset(transport.naming, EXT_UNKNOWN, sizeof(transport.naming))
    while index != NONE:
        for extension_id in range(256):
            kind = engine.producers[index].kind_of_extension[extension_id]
            if kind <= EXT_REPAIRED_RID and transport.naming[extension_id] == EXT_UNKNOWN:
                transport.naming[extension_id] = kind
        index = engine.producers[index].next_in_transport


cdef uint32_t find_stream(Engine* engine, Transport* transport, RtpPacket* packet) noexcept nogil:
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding
    cdef Producer* producer
    cdef bint is_rtx = False
    if packet.extension_start == 0:
        return UNBOUND                 # it cannot name anything
    rtp_map_extensions(packet, transport.naming)
    while index != NONE:
        producer = &engine.producers[index]
        if packet.extension_offset[<int>EXT_MID] == 0 or same(packet, EXT_MID, producer.mid, producer.mid_length):
            encoding = encoding_of(producer, packet, &is_rtx)
            # Without MID only a RID is proof enough; a payload type alone could belong to any producer.
            if encoding != NONE and (
                packet.extension_offset[<int>EXT_MID] != 0
                or packet.extension_offset[<int>EXT_RID] != 0
                or packet.extension_offset[<int>EXT_REPAIRED_RID] != 0
            ):
                return ((index * MAX_ENCODINGS + encoding) << 1) | is_rtx
        index = producer.next_in_transport
    return UNBOUND


cdef bint may_bind(const Engine* engine, uint32_t found, uint64_t now_us) noexcept nogil:
    """True when a stream may have a new SSRC now.

    Two SSRCs cannot be one encoding at the same time, but a sender may start anew under another: then the one it had
    is silent. Changes must be rare: each empties the store and makes all receivers wait for a key frame.
    """
    cdef const ReceiveStream* stream = &engine.streams[found >> 1]
    cdef const Encoding* encoding = &engine.producers[stream.producer].encodings[stream.encoding]
    cdef bint is_rtx = found & 1
    if ssrc_of(encoding, is_rtx) == 0:
        return True
    return now_us >= stream.heard_us[is_rtx] + SILENT_US and now_us + BURST_US >= encoding.changes_paced_us[is_rtx]


cdef bint bind_stream(Engine* engine, Transport* transport, uint32_t found, const RtpPacket* packet,
                      uint64_t now_us) noexcept nogil:
    cdef uint32_t transport_number = transport_index(engine, transport)
    cdef ReceiveStream* stream = &engine.streams[found >> 1]
    cdef Encoding* encoding = &engine.producers[stream.producer].encodings[stream.encoding]
    cdef bint is_rtx = found & 1
    cdef uint32_t old_ssrc = ssrc_of(encoding, is_rtx)
    if not table_put(&engine.inbound, ssrc_key(transport_number, packet.ssrc), found):
        return False
    if encoding.changes_paced_us[is_rtx] < now_us:
        encoding.changes_paced_us[is_rtx] = now_us
    encoding.changes_paced_us[is_rtx] += CHANGE_INTERVAL_US
    encoding.learned[is_rtx] = True
    if is_rtx:
        encoding.rtx_ssrc = packet.ssrc
        stream.receiver.rtx_ssrc = packet.ssrc
    else:
        encoding.ssrc = packet.ssrc
    if old_ssrc != 0 and old_ssrc != packet.ssrc:
        unbind_ssrc(engine, transport_number, old_ssrc, found)
    return is_rtx or detect_stream(engine, found >> 1, packet.ssrc, packet.payload_type)


cdef void unbind_ssrc(Engine* engine, uint32_t transport, uint32_t ssrc, uint32_t bound) noexcept nogil:
    if table_release(&engine.inbound, ssrc_key(transport, ssrc), bound) and (
            engine.streams[bound >> 1].heard_us[bound & 1] != 0):
        retire_ssrc(engine, &engine.transports[transport], ssrc)


cdef bint detect_stream(Engine* engine, uint32_t stream_index, uint32_t ssrc, uint32_t payload_type) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef uint8_t codec = producer.codec_of_payload[payload_type & 0x7F]
    cdef uint32_t i
    cdef Consumer* consumer
    if codec == NO_CODEC:
        return False
    if stream.store.packets == NULL:
        if not store_init(&stream.store, &engine.keeper, VIDEO_STORE if producer.video else AUDIO_STORE,
                          KEPT_VIDEO if producer.video else KEPT_AUDIO, producer.transport):
            return False
    else:
        store_clear(&stream.store)
    receiver_init(&stream.receiver, ssrc, producer.codecs[codec & ~RTX_FLAG].clock_rate, producer.nack)
    stream.receiver.rtx_ssrc = producer.encodings[stream.encoding].rtx_ssrc
    keyframes_init(&stream.keyframes)
    memset(&stream.dependencies, 0, sizeof(DependencyStructure))
    layer_rates_clear(&stream.rates)
    stream.spatial_count = 0
    stream.keyframe_sequence = -1
    stream.detected = True
    for i in range(stream.subscriber_count):
        consumer = &engine.consumers[stream.subscribers[i]]
        if consumer.current == <int>stream.encoding:
            consumer.needs_sync = True
    return True
