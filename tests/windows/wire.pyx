"""Test window into wire/: every reader and writer, at the edge of its memory.

Every parser sees its input at the very end of a mapped page, and every writer its limit there: the first byte read or
written too far is a segmentation fault, in any build.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from posix.mman cimport MAP_ANONYMOUS, MAP_FAILED, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE, mmap, mprotect
from mediad._fastpath.wire.dependency cimport DependencyStructure, dependency_describe
from mediad._fastpath.wire.hmac_sha1 cimport SHA1_BYTES, HmacKey, hmac_set_key, hmac_sha1
from mediad._fastpath.wire.payload cimport Codec, payload_describe, vp8_rewrite
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.red cimport red_map_payload_type
from mediad._fastpath.wire.rtcp cimport *
from mediad._fastpath.wire.rtp cimport (
    EXT_COUNT, EXT_UNKNOWN, PARSE_OK, RtpPacket, extension_put, extensions_begin, extensions_end, rtp_finish,
    rtp_map_extensions, rtp_parse, rtp_unwrap_rtx,
)
from mediad._fastpath.wire cimport srtp
from mediad._fastpath.wire.stun cimport stun_is_message, stun_is_signed, stun_local_username

cdef enum:
    PAGE = 4096
    ROOM = 1 << 17


cdef uint8_t* map_guarded() except NULL:
    """Map ROOM usable bytes between two pages that must not be touched; returns the end of the usable ones."""
    cdef void* area = mmap(NULL, ROOM + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    if area == MAP_FAILED:
        raise MemoryError
    mprotect(area, PAGE, PROT_NONE)
    mprotect(<uint8_t*>area + PAGE + ROOM, PAGE, PROT_NONE)
    return <uint8_t*>area + PAGE + ROOM


cdef uint8_t* input_end = map_guarded()
cdef uint8_t* output_end = map_guarded()


cdef uint8_t* place(bytes data) except NULL:
    """Copy data to where it ends before the guard page."""
    if len(data) > ROOM:
        raise ValueError("too long")
    memcpy(input_end - len(data), <const uint8_t*>data, len(data))
    return input_end - len(data)


cdef uint8_t* room_for(Py_ssize_t size):
    """Return `size` bytes to write to, up to the guard page."""
    return output_end - size


cdef bytes written(uint8_t* start, uint8_t* end):
    return None if end == NULL else <bytes>start[:end - start]


# rtp

cdef void fill_kinds(uint8_t* kind_of_id, dict kinds):
    memset(kind_of_id, EXT_UNKNOWN, 256)
    for identifier, kind in kinds.items():
        kind_of_id[<uint8_t>identifier] = kind


cdef int read_packet(RtpPacket* packet, bytes data, dict kinds) except -1:
    """Parse, map and finish as the receive path does; returns the first status that is not PARSE_OK."""
    cdef uint8_t[256] kind_of_id
    cdef int status = rtp_parse(packet, place(data), <uint32_t>len(data))
    if status != PARSE_OK:
        return status
    fill_kinds(kind_of_id, kinds)
    rtp_map_extensions(packet, kind_of_id)
    return rtp_finish(packet, <uint32_t>len(data))


cdef dict packet_view(const RtpPacket* packet):
    cdef int kind
    extensions = {}
    for kind in range(EXT_COUNT):
        if packet.extension_offset[kind] != 0:
            offset = packet.extension_offset[kind]
            extensions[kind] = <bytes>packet.data[offset:offset + packet.extension_length[kind]]
    return {
        "sequence_number": packet.sequence_number,
        "timestamp": packet.timestamp,
        "ssrc": packet.ssrc,
        "payload_type": packet.payload_type,
        "marker": packet.marker,
        "csrc_count": packet.csrc_count,
        "header_length": packet.header_length,
        "padding_length": packet.padding_length,
        "extension_profile": packet.extension_profile,
        "extensions": extensions,
        "payload": <bytes>packet.data[packet.header_length:packet.header_length + packet.payload_length],
        "length": packet.length,
        "data": <bytes>packet.data[:packet.length],
    }


def rtp_read(data: bytes, kinds: dict[int, int]) -> dict[str, object] | int:
    """Return the view of a packet, or the ParseStatus that stopped it. kinds: extension id → ExtensionKind."""
    cdef RtpPacket packet
    status = read_packet(&packet, data, kinds)
    return packet_view(&packet) if status == PARSE_OK else status


def rtp_read_header(data: bytes, int plain_length) -> int:
    """Parse the header of all the data, then finish as if unprotecting had left plain_length bytes: a ParseStatus."""
    cdef RtpPacket packet
    status = rtp_parse(&packet, place(data), <uint32_t>len(data))
    return rtp_finish(&packet, plain_length) if status == PARSE_OK else status


def rtp_read_rtx(data: bytes, kinds: dict[int, int], uint8_t payload_type, uint32_t ssrc) -> dict[str, object] | None:
    """Return the view of the original inside an RTX packet; None when it holds none."""
    cdef RtpPacket packet
    if read_packet(&packet, data, kinds) != PARSE_OK or not rtp_unwrap_rtx(&packet, payload_type, ssrc):
        return None
    return packet_view(&packet)


def write_extensions(elements: list[tuple[int, bytes]], bint two_byte=False) -> bytes:
    cdef uint8_t* start = room_for(4096)
    cdef uint8_t* p = extensions_begin(start)
    for identifier, value in elements:
        p = extension_put(p, two_byte, identifier, value, <uint8_t>len(value))
    return written(start, extensions_end(start, p, two_byte))


# rtcp

cdef dict block_view(const RtcpBlock* block):
    cdef SenderInfo info
    cdef ReportBlock report
    cdef uint32_t sender_ssrc, media_ssrc, i
    cdef uint16_t packet_id, bitmask
    cdef uint64_t number
    view = {
        "packet_type": block.packet_type, "count": block.count, "body": <bytes>block.body[:block.length],
        "reports": [], "nacks": [],
        "fir": [rtcp_fir_ssrc(block, i) for i in range(rtcp_fir_count(block))],
        "bye": [rtcp_bye_ssrc(block, i) for i in range(rtcp_bye_count(block))],
    }
    if rtcp_sender_info(block, &info):
        view["sender"] = (info.ssrc, info.ntp, info.rtp_timestamp, info.packet_count, info.byte_count)
    for i in range(rtcp_report_count(block)):
        rtcp_report_block(block, i, &report)
        view["reports"].append((
            report.ssrc, report.fraction_lost, report.cumulative_lost, report.highest_sequence, report.jitter,
            report.last_sr, report.delay_since_last_sr,
        ))
    if rtcp_feedback_ssrcs(block, &sender_ssrc, &media_ssrc):
        view["feedback"] = (sender_ssrc, media_ssrc)
    for i in range(rtcp_nack_count(block)):
        rtcp_nack_item(block, i, &packet_id, &bitmask)
        view["nacks"].append((packet_id, bitmask))
    if rtcp_remb(block, &number):
        view["remb"] = number
    if rtcp_xr_rrtr(block, &number):
        view["rrtr"] = number
    return view


def rtcp_read(data: bytes) -> tuple[list[dict[str, object]], bool]:
    """Return every packet of the compound up to the first malformed one, and True when there was one."""
    cdef const uint8_t* p = place(data)
    cdef uint32_t cursor = 0
    cdef RtcpBlock block
    cdef bint malformed = False
    views = []
    while rtcp_next(p, <uint32_t>len(data), &cursor, &block, &malformed):
        views.append(block_view(&block))
    return views, malformed


def rtcp_read_outside(data: bytes, uint32_t index) -> list[object]:
    """Read items at an index behind the last item of the first packet."""
    cdef uint32_t cursor = 0
    cdef RtcpBlock block
    cdef bint malformed = False
    cdef ReportBlock report
    cdef uint16_t packet_id, bitmask
    if not rtcp_next(place(data), <uint32_t>len(data), &cursor, &block, &malformed):
        raise ValueError("malformed")
    rtcp_report_block(&block, index, &report)
    rtcp_nack_item(&block, index, &packet_id, &bitmask)
    return [report.ssrc, packet_id, bitmask, rtcp_fir_ssrc(&block, index), rtcp_bye_ssrc(&block, index)]


def rtcp_read_dlrr(data: bytes, uint32_t ssrc) -> tuple[int, int] | None:
    """Return (last RR, delay) for the SSRC in the first packet of the compound."""
    cdef uint32_t cursor = 0, last_rr, delay
    cdef RtcpBlock block
    cdef bint malformed = False
    if not rtcp_next(place(data), <uint32_t>len(data), &cursor, &block, &malformed):
        return None
    return (last_rr, delay) if rtcp_xr_dlrr(&block, ssrc, &last_rr, &delay) else None


def write_sr(sender: tuple[int, int, int, int, int], int room) -> bytes | None:
    cdef SenderInfo info
    cdef uint8_t* p = room_for(room)
    info.ssrc, info.ntp, info.rtp_timestamp, info.packet_count, info.byte_count = sender
    return written(p, rtcp_write_sr(p, p + room, &info))


def write_rr(uint32_t sender_ssrc, reports: list[tuple[int, ...]], int room) -> bytes | None:
    cdef ReportBlock[64] blocks
    cdef uint8_t* p = room_for(room)
    for i, report in enumerate(reports):
        blocks[<int>i].ssrc, blocks[<int>i].fraction_lost, blocks[<int>i].cumulative_lost = report[:3]
        blocks[<int>i].highest_sequence, blocks[<int>i].jitter, blocks[<int>i].last_sr = report[3:6]
        blocks[<int>i].delay_since_last_sr = report[6]
    return written(p, rtcp_write_rr(p, p + room, sender_ssrc, blocks, <uint32_t>len(reports)))


def write_sdes(uint32_t ssrc, cname: bytes, int room) -> bytes | None:
    cdef uint8_t* p = room_for(room)
    return written(p, rtcp_write_sdes(p, p + room, ssrc, cname, <uint32_t>len(cname)))


def write_nack(uint32_t sender_ssrc, uint32_t media_ssrc, lost: list[int], int room) -> bytes | None:
    cdef uint16_t[2048] numbers
    cdef uint8_t* p = room_for(room)
    for i, number in enumerate(lost):
        numbers[<int>i] = number
    return written(p, rtcp_write_nack(p, p + room, sender_ssrc, media_ssrc, numbers, <uint32_t>len(lost)))


def write_pli(uint32_t sender_ssrc, uint32_t media_ssrc, int room) -> bytes | None:
    cdef uint8_t* p = room_for(room)
    return written(p, rtcp_write_pli(p, p + room, sender_ssrc, media_ssrc))


def write_fir(uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t command, int room) -> bytes | None:
    cdef uint8_t* p = room_for(room)
    return written(p, rtcp_write_fir(p, p + room, sender_ssrc, media_ssrc, command))


def write_remb(uint32_t sender_ssrc, uint64_t bitrate_bps, ssrcs: list[int], int room) -> bytes | None:
    cdef uint32_t[512] numbers
    cdef uint8_t* p = room_for(room)
    for i, ssrc in enumerate(ssrcs):
        numbers[<int>i] = ssrc
    return written(p, rtcp_write_remb(p, p + room, sender_ssrc, bitrate_bps, numbers, <uint32_t>len(ssrcs)))


def write_rrtr(uint32_t sender_ssrc, uint64_t ntp, int room) -> bytes | None:
    cdef uint8_t* p = room_for(room)
    return written(p, rtcp_write_rrtr(p, p + room, sender_ssrc, ntp))


def write_dlrr(uint32_t sender_ssrc, uint32_t ssrc, uint32_t last_rr, uint32_t delay, int room) -> bytes | None:
    cdef uint8_t* p = room_for(room)
    return written(p, rtcp_write_dlrr(p, p + room, sender_ssrc, ssrc, last_rr, delay))


# payload

def describe(int codec, data: bytes, kinds: dict[int, int]) -> dict[str, int]:
    """Describe the payload of a whole RTP packet. ValueError when it is not one."""
    cdef RtpPacket packet
    cdef PayloadInfo info
    cdef DependencyStructure structure
    memset(&structure, 0, sizeof(structure))
    if read_packet(&packet, data, kinds) != PARSE_OK:
        raise ValueError("not an RTP packet")
    memset(&info, 0xA5, sizeof(info))  # what is not written must show
    payload_describe(<Codec>codec, &packet, &structure, &info)
    return info


cdef class Dependencies:
    """Dependency structure of a received stream."""

    cdef DependencyStructure structure

    def describe(self, data: bytes, uint32_t timestamp=0) -> dict[str, int] | None:
        """Read a descriptor: its description, with `starts_sequence` beside; None when it is too short to be one."""
        cdef PayloadInfo info
        cdef bint starts_sequence = False
        memset(&info, 0, sizeof(info))
        if not dependency_describe(&self.structure, place(data), <uint32_t>len(data), timestamp, &info,
                                   &starts_sequence):
            return None
        return {**info, "starts_sequence": starts_sequence}

    @property
    def templates(self) -> list[tuple[int, int]]:
        """Return (spatial, temporal) of each known template."""
        return [(self.structure.spatial[i], self.structure.temporal[i]) for i in range(self.structure.template_count)]


def map_red(payload: bytes, uint8_t sent, uint8_t routed) -> bytes | None:
    """Return redundant audio with the router's payload type inside; None when it is malformed."""
    cdef uint8_t* placed = place(payload)
    if not red_map_payload_type(placed, <uint32_t>len(payload), sent, routed):
        assert placed[:len(payload)] == payload, "a malformed payload was written to"
        return None
    return placed[:len(payload)]


def rewrite_vp8(int codec, data: bytes, uint16_t picture_id, uint8_t tl0_picture_index) -> bytes:
    """Return the payload of a whole RTP packet with new counters."""
    cdef RtpPacket packet
    cdef PayloadInfo info
    cdef DependencyStructure structure
    memset(&structure, 0, sizeof(structure))
    if read_packet(&packet, data, {}) != PARSE_OK:
        raise ValueError("not an RTP packet")
    payload_describe(<Codec>codec, &packet, &structure, &info)
    vp8_rewrite(packet.data + packet.header_length, &info, picture_id, tl0_picture_index)
    return packet.data[packet.header_length:packet.length]


# stun

def is_stun(data: bytes) -> bool:
    return stun_is_message(place(data), <uint32_t>len(data))


def stun_username(data: bytes) -> bytes | None:
    cdef const uint8_t* fragment
    cdef uint32_t length
    if not stun_local_username(place(data), <uint32_t>len(data), &fragment, &length):
        return None
    return fragment[:length]


def is_signed(data: bytes, password: bytes) -> bool:
    cdef HmacKey key
    hmac_set_key(&key, password, <uint32_t>len(password))
    return stun_is_signed(place(data), <uint32_t>len(data), &key)


def hmac(secret: bytes, first: bytes, rest: bytes) -> bytes:
    cdef HmacKey key
    cdef uint8_t digest[SHA1_BYTES]
    hmac_set_key(&key, secret, <uint32_t>len(secret))
    hmac_sha1(&key, first, <uint32_t>len(first), place(rest), <uint32_t>len(rest), digest)
    return digest[:SHA1_BYTES]


# srtp

def srtp_call(name: str, session: object, data: bytes, int room) -> tuple[int, bytes]:
    """Call one of the four functions; returns (status, packet), in a buffer with `room` bytes behind the data."""
    cdef uint8_t* p = room_for(len(data) + room)
    cdef int length = <int>len(data)
    cdef int status
    cdef void* pointer = <void*>srtp.session_pointer(session)
    memcpy(p, <const uint8_t*>data, len(data))
    if name == "protect":
        status = srtp.srtp_protect(pointer, p, &length)
    elif name == "unprotect":
        status = srtp.srtp_unprotect(pointer, p, &length)
    elif name == "protect_rtcp":
        status = srtp.srtp_protect_rtcp(pointer, p, &length)
    else:
        status = srtp.srtp_unprotect_rtcp(pointer, p, &length)
    return status, <bytes>p[:length]


def srtp_protect_many(session: object, data: bytes, uint32_t count) -> int:
    """Protect the packet `count` times under rising sequence numbers, without the GIL; returns how many succeeded."""
    cdef uint8_t* p = place(data + bytes(160))
    cdef const uint8_t* source = data
    cdef int length
    cdef uint32_t i, good = 0
    cdef size_t size = len(data)
    cdef void* pointer = <void*>srtp.session_pointer(session)
    with nogil:
        for i in range(count):
            memcpy(p, source, size)
            p[2] = <uint8_t>(i >> 8)
            p[3] = <uint8_t>i
            length = <int>size
            good += srtp.srtp_protect(pointer, p, &length) == 0
    return good


def session_pointer(session: object) -> int:
    return srtp.session_pointer(session)
