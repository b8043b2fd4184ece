"""Reading and writing of RTCP. Counts are cut to the items that fit the packet; an item outside reads as zero."""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.base.octets cimport load16, load24, load32, load64, store16, store24, store32, store64

cdef enum:
    HEADER_BYTES = 4
    REPORT_BYTES = 24
    SENDER_BYTES = 24              # SSRC and sender info
    FEEDBACK_BYTES = 8             # RFC 4585 section 6.1: the two SSRCs before the FCI
    MAX_REPORTS = 31               # RC has five bits
    SDES_CNAME = 1
    XR_RRTR = 4                    # RFC 3611 sections 4.4 and 4.5
    XR_DLRR = 5
    REMB = 0x52454D42              # "REMB"
    REMB_MANTISSA_BITS = 18


cdef bint rtcp_next(const uint8_t* data, uint32_t length, uint32_t* cursor, RtcpBlock* block,
                    bint* malformed) noexcept nogil:
    cdef const uint8_t* p
    cdef uint32_t rest, size, padding = 0
    malformed[0] = False
    if cursor[0] >= length:
        return False
    p = data + cursor[0]
    rest = length - cursor[0]
    malformed[0] = True
    if rest < HEADER_BYTES or p[0] >> 6 != 2:
        return False
    size = HEADER_BYTES + 4 * <uint32_t>load16(p + 2)
    if size > rest:
        return False
    if p[0] & 0x20:
        # RFC 3550 section 6.4.1 pads only the last packet of a compound, by a multiple of four. Browsers pad
        # transport-wide feedback wherever it stands, by one to three bytes.
        padding = p[size - 1]
        if padding == 0 or padding > size - HEADER_BYTES:
            return False
    malformed[0] = False
    block.body = p + HEADER_BYTES
    block.length = size - HEADER_BYTES - padding
    block.packet_type = p[1]
    block.count = p[0] & 0x1F
    cursor[0] += size
    return True


cdef bint rtcp_sender_info(const RtcpBlock* block, SenderInfo* info) noexcept nogil:
    memset(info, 0, sizeof(SenderInfo))
    if block.packet_type != RTCP_SR or block.length < SENDER_BYTES:
        return False
    info.ssrc = load32(block.body)
    info.ntp = load64(block.body + 4)
    info.rtp_timestamp = load32(block.body + 12)
    info.packet_count = load32(block.body + 16)
    info.byte_count = load32(block.body + 20)
    return True


cdef inline uint32_t reports_start(const RtcpBlock* block) noexcept nogil:
    return SENDER_BYTES if block.packet_type == RTCP_SR else 4


cdef uint32_t rtcp_report_count(const RtcpBlock* block) noexcept nogil:
    cdef uint32_t start = reports_start(block)
    if (block.packet_type != RTCP_SR and block.packet_type != RTCP_RR) or block.length < start:
        return 0
    return min(<uint32_t>block.count, (block.length - start) // REPORT_BYTES)


cdef void rtcp_report_block(const RtcpBlock* block, uint32_t index, ReportBlock* report) noexcept nogil:
    cdef const uint8_t* p
    memset(report, 0, sizeof(ReportBlock))
    if index >= rtcp_report_count(block):
        return
    p = block.body + reports_start(block) + index * REPORT_BYTES
    report.ssrc = load32(p)
    report.fraction_lost = p[4]
    report.cumulative_lost = <int32_t>(load24(p + 5) << 8) >> 8  # sign-extended from 24 bits
    report.highest_sequence = load32(p + 8)
    report.jitter = load32(p + 12)
    report.last_sr = load32(p + 16)
    report.delay_since_last_sr = load32(p + 20)


cdef inline bint is_feedback(const RtcpBlock* block, uint8_t packet_type, uint8_t fmt) noexcept nogil:
    return block.packet_type == packet_type and block.count == fmt and block.length >= FEEDBACK_BYTES


cdef bint rtcp_feedback_ssrcs(const RtcpBlock* block, uint32_t* sender_ssrc, uint32_t* media_ssrc) noexcept nogil:
    sender_ssrc[0] = 0
    media_ssrc[0] = 0
    if (block.packet_type != RTCP_RTPFB and block.packet_type != RTCP_PSFB) or block.length < FEEDBACK_BYTES:
        return False
    sender_ssrc[0] = load32(block.body)
    media_ssrc[0] = load32(block.body + 4)
    return True


cdef uint32_t rtcp_nack_count(const RtcpBlock* block) noexcept nogil:
    if not is_feedback(block, RTCP_RTPFB, FMT_NACK):
        return 0
    return (block.length - FEEDBACK_BYTES) // 4


cdef void rtcp_nack_item(const RtcpBlock* block, uint32_t index, uint16_t* packet_id, uint16_t* bitmask) noexcept nogil:
    cdef const uint8_t* p
    packet_id[0] = 0
    bitmask[0] = 0
    if index >= rtcp_nack_count(block):
        return
    p = block.body + FEEDBACK_BYTES + index * 4
    packet_id[0] = load16(p)
    bitmask[0] = load16(p + 2)


cdef uint32_t rtcp_fir_count(const RtcpBlock* block) noexcept nogil:
    if not is_feedback(block, RTCP_PSFB, FMT_FIR):
        return 0
    return (block.length - FEEDBACK_BYTES) // 8


cdef uint32_t rtcp_fir_ssrc(const RtcpBlock* block, uint32_t index) noexcept nogil:
    if index >= rtcp_fir_count(block):
        return 0
    return load32(block.body + FEEDBACK_BYTES + index * 8)


cdef bint rtcp_remb(const RtcpBlock* block, uint64_t* bitrate_bps) noexcept nogil:
    cdef const uint8_t* p = block.body + FEEDBACK_BYTES
    cdef uint64_t mantissa
    cdef uint32_t exponent
    bitrate_bps[0] = 0
    if not is_feedback(block, RTCP_PSFB, FMT_AFB) or block.length < FEEDBACK_BYTES + 8:
        return False
    if load32(p) != REMB or block.length < FEEDBACK_BYTES + 8 + 4 * <uint32_t>p[4]:
        return False
    exponent = p[5] >> 2
    mantissa = load24(p + 5) & 0x3FFFF
    if exponent > 64 - REMB_MANTISSA_BITS and mantissa >> (64 - exponent):
        return False  # does not fit 64 bits: not a real bitrate
    bitrate_bps[0] = mantissa << exponent
    return True


cdef const uint8_t* xr_find(const RtcpBlock* block, uint8_t block_type, uint32_t* length) noexcept nogil:
    """Return the content of the first report block of a type (RFC 3611 section 3), or NULL; *length in bytes."""
    cdef uint32_t offset = 4, size
    length[0] = 0
    if block.packet_type != RTCP_XR:
        return NULL
    while offset + 4 <= block.length:
        size = 4 * <uint32_t>load16(block.body + offset + 2)
        if size > block.length - offset - 4:
            return NULL
        if block.body[offset] == block_type:
            length[0] = size
            return block.body + offset + 4
        offset += 4 + size
    return NULL


cdef bint rtcp_xr_rrtr(const RtcpBlock* block, uint64_t* ntp) noexcept nogil:
    cdef uint32_t length
    cdef const uint8_t* p = xr_find(block, XR_RRTR, &length)
    ntp[0] = 0
    if p == NULL or length < 8:
        return False
    ntp[0] = load64(p)
    return True


cdef bint rtcp_xr_dlrr(const RtcpBlock* block, uint32_t ssrc, uint32_t* last_rr, uint32_t* delay) noexcept nogil:
    cdef uint32_t length, offset = 0
    cdef const uint8_t* p = xr_find(block, XR_DLRR, &length)
    last_rr[0] = 0
    delay[0] = 0
    if p == NULL:
        return False
    while offset + 12 <= length:
        if load32(p + offset) == ssrc:
            last_rr[0] = load32(p + offset + 4)
            delay[0] = load32(p + offset + 8)
            return True
        offset += 12
    return False


cdef uint32_t rtcp_bye_count(const RtcpBlock* block) noexcept nogil:
    if block.packet_type != RTCP_BYE:
        return 0
    return min(<uint32_t>block.count, block.length // 4)


cdef uint32_t rtcp_bye_ssrc(const RtcpBlock* block, uint32_t index) noexcept nogil:
    if index >= rtcp_bye_count(block):
        return 0
    return load32(block.body + index * 4)


cdef inline uint8_t* start(uint8_t* p, const uint8_t* limit, uint32_t body, uint8_t packet_type,
                           uint8_t count) noexcept nogil:
    """Write the header of a packet with `body` bytes behind it, a multiple of four; NULL when that does not fit."""
    if limit - p < <ssize_t>(HEADER_BYTES + body):
        return NULL
    p[0] = 0x80 | count
    p[1] = packet_type
    store16(p + 2, body >> 2)
    return p + HEADER_BYTES


cdef uint8_t* rtcp_write_sr(uint8_t* p, const uint8_t* limit, const SenderInfo* info) noexcept nogil:
    p = start(p, limit, SENDER_BYTES, RTCP_SR, 0)
    if p == NULL:
        return NULL
    store32(p, info.ssrc)
    store64(p + 4, info.ntp)
    store32(p + 12, info.rtp_timestamp)
    store32(p + 16, info.packet_count)
    store32(p + 20, info.byte_count)
    return p + SENDER_BYTES


cdef uint8_t* rtcp_write_rr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, const ReportBlock* reports,
                            uint32_t count) noexcept nogil:
    cdef uint32_t i
    if count > MAX_REPORTS:
        return NULL
    p = start(p, limit, 4 + count * REPORT_BYTES, RTCP_RR, <uint8_t>count)
    if p == NULL:
        return NULL
    store32(p, sender_ssrc)
    p += 4
    for i in range(count):
        store32(p, reports[i].ssrc)
        p[4] = reports[i].fraction_lost
        # RFC 3550 section 6.4.1: 24 bits, signed; clamped, as a wrapped loss would read as a gain.
        store24(p + 5, <uint32_t>max(-0x800000, min(0x7FFFFF, reports[i].cumulative_lost)))
        store32(p + 8, reports[i].highest_sequence)
        store32(p + 12, reports[i].jitter)
        store32(p + 16, reports[i].last_sr)
        store32(p + 20, reports[i].delay_since_last_sr)
        p += REPORT_BYTES
    return p


cdef uint8_t* rtcp_write_sdes(uint8_t* p, const uint8_t* limit, uint32_t ssrc, const uint8_t* cname,
                              uint32_t cname_length) noexcept nogil:
    cdef uint32_t chunk
    if cname_length > 255:
        return NULL
    # RFC 3550 section 6.5: SSRC, one item, then one to four zero bytes up to the boundary.
    chunk = (4 + 2 + cname_length + 4) & ~<uint32_t>3
    p = start(p, limit, chunk, RTCP_SDES, 1)
    if p == NULL:
        return NULL
    memset(p, 0, chunk)
    store32(p, ssrc)
    p[4] = SDES_CNAME
    p[5] = <uint8_t>cname_length
    memcpy(p + 6, cname, cname_length)
    return p + chunk


cdef uint8_t* start_feedback(uint8_t* p, const uint8_t* limit, uint32_t fci, uint8_t packet_type, uint8_t fmt,
                             uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil:
    p = start(p, limit, FEEDBACK_BYTES + fci, packet_type, fmt)
    if p == NULL:
        return NULL
    store32(p, sender_ssrc)
    store32(p + 4, media_ssrc)
    return p + FEEDBACK_BYTES


cdef uint32_t nack_items(const uint16_t* lost, uint32_t count, uint8_t* out) noexcept nogil:
    """Number of PID+BLP items (RFC 4585 section 6.2.1) for lost[0..count); written to out unless it is NULL."""
    cdef uint32_t i, items = 0
    cdef uint16_t packet_id = 0, bitmask = 0, distance
    for i in range(count):
        distance = <uint16_t>(lost[i] - packet_id)
        if items > 0 and distance <= 16:
            if distance > 0:
                bitmask |= <uint16_t>(1 << (distance - 1))
        else:
            items += 1
            packet_id = lost[i]
            bitmask = 0
        if out != NULL:
            store16(out + 4 * (items - 1), packet_id)
            store16(out + 4 * (items - 1) + 2, bitmask)
    return items


cdef uint8_t* rtcp_write_nack(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t media_ssrc,
                              const uint16_t* lost, uint32_t count) noexcept nogil:
    cdef uint32_t items = nack_items(lost, count, NULL)
    p = start_feedback(p, limit, 4 * items, RTCP_RTPFB, FMT_NACK, sender_ssrc, media_ssrc)
    if p == NULL:
        return NULL
    nack_items(lost, count, p)
    return p + 4 * items


cdef uint8_t* rtcp_write_pli(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc,
                             uint32_t media_ssrc) noexcept nogil:
    return start_feedback(p, limit, 0, RTCP_PSFB, FMT_PLI, sender_ssrc, media_ssrc)


cdef uint8_t* rtcp_write_fir(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t media_ssrc,
                             uint8_t command) noexcept nogil:
    # RFC 5104 section 4.3.1.2: the media SSRC in the header is 0, the stream meant stands in the FCI entry.
    p = start_feedback(p, limit, 8, RTCP_PSFB, FMT_FIR, sender_ssrc, 0)
    if p == NULL:
        return NULL
    store32(p, media_ssrc)
    p[4] = command
    store24(p + 5, 0)
    return p + 8


cdef uint8_t* rtcp_write_remb(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint64_t bitrate_bps,
                              const uint32_t* ssrcs, uint32_t count) noexcept nogil:
    cdef uint32_t i, exponent = 0
    if count > 255:
        return NULL
    p = start_feedback(p, limit, 8 + 4 * count, RTCP_PSFB, FMT_AFB, sender_ssrc, 0)
    if p == NULL:
        return NULL
    while bitrate_bps >> exponent >= (1 << REMB_MANTISSA_BITS):
        exponent += 1
    store32(p, REMB)
    p[4] = <uint8_t>count
    store24(p + 5, (exponent << REMB_MANTISSA_BITS) | <uint32_t>(bitrate_bps >> exponent))
    for i in range(count):
        store32(p + 8 + 4 * i, ssrcs[i])
    return p + 8 + 4 * count


cdef uint8_t* rtcp_write_rrtr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint64_t ntp) noexcept nogil:
    p = start(p, limit, 16, RTCP_XR, 0)
    if p == NULL:
        return NULL
    store32(p, sender_ssrc)
    store32(p + 4, <uint32_t>XR_RRTR << 24 | 2)
    store64(p + 8, ntp)
    return p + 16


cdef uint8_t* rtcp_write_dlrr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t ssrc, uint32_t last_rr,
                              uint32_t delay) noexcept nogil:
    p = start(p, limit, 20, RTCP_XR, 0)
    if p == NULL:
        return NULL
    store32(p, sender_ssrc)
    store32(p + 4, <uint32_t>XR_DLRR << 24 | 3)
    store32(p + 8, ssrc)
    store32(p + 12, last_rr)
    store32(p + 16, delay)
    return p + 20
