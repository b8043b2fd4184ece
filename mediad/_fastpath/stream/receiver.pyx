"""Sequence numbers, loss, jitter and clock of one received stream."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.clock cimport compact_ntp, us_from_ntp
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.base.sequence cimport newer32
from mediad._fastpath.stream.nack cimport nack_init, nack_received, nack_restart
from mediad._fastpath.stream.score cimport SCORE_BEST, delivery_score, smooth_score
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo, fraction_of

cdef enum:
    CYCLE = 65536
    SEEN_WINDOW = 2048
    SEEN_WORDS = 32
    MAX_LOST = 0x7FFFFF            # cumulative loss is a signed 24-bit number on the wire
    MAX_TRANSIT_STEP_S = 5         # a larger one is a timestamp that jumped, not a packet that was late


cdef void receiver_init(
    RtpStreamReceiver* stream, uint32_t ssrc, uint32_t clock_rate, bint use_nack
) noexcept nogil:
    memset(stream, 0, sizeof(RtpStreamReceiver))
    stream.ssrc = ssrc
    stream.clock_rate = clock_rate
    stream.use_nack = use_nack
    stream.bad_sequence = -1
    stream.told_score = NO_SCORE
    nack_init(&stream.nack)


cdef inline int64_t expected_packets(const RtpStreamReceiver* stream) noexcept nogil:
    """Count the packets expected (RFC 3550 appendix A.3), over all restarts of the stream."""
    if not stream.started:
        return 0
    return stream.expected_before + stream.highest - stream.base_sequence + 1


# -- what was seen -----------------------------------------------------------------------------------------------------

cdef inline uint64_t* seen_word(RtpStreamReceiver* stream, int64_t sequence) noexcept nogil:
    return &stream.seen[(sequence >> 6) & (SEEN_WORDS - 1)]


cdef inline bint was_seen(RtpStreamReceiver* stream, int64_t sequence) noexcept nogil:
    return (seen_word(stream, sequence)[0] >> (sequence & 63)) & 1


cdef inline void mark_seen(RtpStreamReceiver* stream, int64_t sequence) noexcept nogil:
    seen_word(stream, sequence)[0] |= <uint64_t>1 << (sequence & 63)


cdef void mark_unseen(RtpStreamReceiver* stream, int64_t first, int64_t last) noexcept nogil:
    """Clear the window's bits for new numbers, a word at a time."""
    cdef int64_t span
    cdef uint64_t mask
    if last - first >= SEEN_WINDOW:
        memset(stream.seen, 0, sizeof(stream.seen))
        return
    while first <= last:
        span = 64 - (first & 63)
        if span > last - first + 1:
            span = last - first + 1
        mask = ~<uint64_t>0 if span == 64 else (<uint64_t>1 << span) - 1
        seen_word(stream, first)[0] &= ~(mask << (first & 63))
        first += span


# -- sequence numbers (RFC 3550 appendix A.1) --------------------------------------------------------------------------

cdef void start_at(RtpStreamReceiver* stream, int64_t sequence) noexcept nogil:
    stream.base_sequence = sequence
    stream.highest = sequence
    stream.bad_sequence = -1
    stream.transit_known = False
    memset(stream.seen, 0, sizeof(stream.seen))
    mark_seen(stream, sequence)


cdef void restart_at(RtpStreamReceiver* stream, uint16_t sequence_number) noexcept nogil:
    """Start anew as the sender did. Unwrapped numbers go on from two cycles later, so that none ever comes back."""
    cdef int64_t sequence = ((stream.highest >> 16) + 2) * CYCLE + sequence_number
    stream.expected_before = expected_packets(stream)
    start_at(stream, sequence)
    nack_restart(&stream.nack)


cdef Arrival place(
    RtpStreamReceiver* stream, uint16_t sequence_number, bint repaired, int64_t* sequence
) noexcept nogil:
    """Find a packet's place among the numbers; moves the highest.

    RFC 3550 appendix A.1 has a new source prove itself with two consecutive packets. Ours passed SRTP authentication,
    so the first is as good as any; only a jump must be confirmed, since taking one late packet for a restart would
    discard the stream.
    """
    cdef uint16_t ahead
    if not stream.started:
        stream.started = True
        sequence[0] = (<int64_t>1 << 32) + sequence_number
        start_at(stream, sequence[0])
        return ARRIVAL_NEW
    ahead = <uint16_t>(sequence_number - <uint16_t>stream.highest)
    if 0 < ahead < MAX_DROPOUT:
        sequence[0] = stream.highest + ahead
        mark_unseen(stream, stream.highest + 1, sequence[0])
        mark_seen(stream, sequence[0])
        stream.highest = sequence[0]
        stream.bad_sequence = -1
        return ARRIVAL_NEW
    if ahead != 0 and ahead <= CYCLE - MAX_MISORDER:
        if repaired:    # says nothing about where the stream is
            return ARRIVAL_OUT_OF_RANGE
        if sequence_number != stream.bad_sequence:
            stream.bad_sequence = <uint16_t>(sequence_number + 1)
            return ARRIVAL_OUT_OF_RANGE
        restart_at(stream, sequence_number)
        sequence[0] = stream.highest
        return ARRIVAL_RESET
    sequence[0] = stream.highest if ahead == 0 else stream.highest + ahead - CYCLE
    if was_seen(stream, sequence[0]):
        return ARRIVAL_DUPLICATE
    mark_seen(stream, sequence[0])
    if sequence[0] < stream.base_sequence:
        # The stream began earlier than its first packet that reached us: else this one would hide a loss.
        stream.base_sequence = sequence[0]
    return ARRIVAL_LATE


# -- jitter (RFC 3550 appendix A.8) ------------------------------------------------------------------------------------

cdef void update_jitter(RtpStreamReceiver* stream, uint32_t timestamp, uint64_t now_us) noexcept nogil:
    """Update the jitter once per timestamp: the packets of one picture are spread by the sender, not by the network."""
    cdef uint32_t arrival, transit
    cdef double step
    if stream.transit_known and not newer32(timestamp, stream.last_timestamp):
        return
    arrival = <uint32_t>(
        (now_us // 1000000) * stream.clock_rate + (now_us % 1000000) * stream.clock_rate // 1000000
    )
    transit = arrival - timestamp
    if stream.transit_known:
        step = fabs(<double><int32_t>(transit - stream.last_transit))
        if step < <double>MAX_TRANSIT_STEP_S * stream.clock_rate:
            stream.jitter += (step - stream.jitter) / 16.0
    stream.last_transit = transit
    stream.last_timestamp = timestamp
    stream.transit_known = True


# -- one packet --------------------------------------------------------------------------------------------------------

cdef inline void note_activity(RtpStreamReceiver* stream, uint64_t now_us) noexcept nogil:
    """Note that packets come. After silence the score starts anew: the old one says little about the present."""
    stream.last_packet_us = now_us
    if not stream.is_active:
        stream.is_active = 1
        stream.score = SCORE_BEST
        stream.score_count = 0
        stream.expected_scored = expected_packets(stream)
        stream.received_scored = stream.packets
        stream.repaired_scored = stream.packets_repaired


cdef Arrival receiver_packet(
    RtpStreamReceiver* stream,
    uint16_t sequence_number,
    uint32_t timestamp,
    uint32_t bytes,
    bint is_keyframe,
    bint repaired,
    uint64_t now_us,
    int64_t* sequence,
) noexcept nogil:
    cdef uint64_t asked_for
    cdef Arrival arrival = place(stream, sequence_number, repaired, sequence)
    if repaired:
        stream.packets_retransmitted += 1
    if arrival == ARRIVAL_DUPLICATE or arrival == ARRIVAL_OUT_OF_RANGE:
        if repaired:
            stream.rtx_discarded += 1
        else:
            stream.packets_discarded += 1
        return arrival
    stream.packets += 1
    stream.bytes += bytes
    rate_add(&stream.rate, bytes, now_us)
    note_activity(stream, now_us)
    if repaired:
        stream.packets_repaired += 1
    elif arrival != ARRIVAL_LATE:
        update_jitter(stream, timestamp, now_us)
    if stream.use_nack:
        asked_for = stream.nack.repaired
        nack_received(&stream.nack, sequence[0], is_keyframe, now_us)
        if not repaired and stream.nack.repaired != asked_for:
            stream.packets_retransmitted += 1
            stream.packets_repaired += 1
    return arrival


# -- reports -----------------------------------------------------------------------------------------------------------

cdef void receiver_sender_report(
    RtpStreamReceiver* stream, const SenderInfo* info, uint64_t now_us
) noexcept nogil:
    stream.sr_ntp = info.ntp
    stream.sr_rtp_timestamp = info.rtp_timestamp
    stream.sr_received_us = now_us
    stream.sr_packets += 1


cdef void begin_interval(RtpStreamReceiver* stream) noexcept nogil:
    """Compute the fractions lost (RFC 3550 appendix A.3); late packets of earlier intervals may make them 0."""
    cdef int64_t total = expected_packets(stream)
    cdef int64_t expected = total - stream.expected_prior
    cdef int64_t lost = expected - <int64_t>(stream.packets - stream.received_prior)
    cdef int64_t repaired = <int64_t>(stream.packets_repaired - stream.repaired_prior)
    stream.expected_prior = total
    stream.received_prior = stream.packets
    stream.repaired_prior = stream.packets_repaired
    stream.fraction_lost = fraction_of(lost, expected)
    stream.fraction_missed = fraction_of(lost + repaired, expected)


cdef void receiver_report(RtpStreamReceiver* stream, ReportBlock* report, uint64_t now_us) noexcept nogil:
    cdef int64_t lost = expected_packets(stream) - <int64_t>stream.packets
    begin_interval(stream)
    report.ssrc = stream.ssrc
    report.fraction_lost = stream.fraction_lost
    report.cumulative_lost = <int32_t>(lost if lost < MAX_LOST else MAX_LOST)
    report.highest_sequence = <uint32_t>stream.highest
    report.jitter = <uint32_t>stream.jitter
    report.last_sr = 0
    report.delay_since_last_sr = 0
    if stream.sr_packets > 0:
        report.last_sr = compact_ntp(stream.sr_ntp)
        report.delay_since_last_sr = <uint32_t>(((now_us - stream.sr_received_us) << 16) // 1000000)


cdef bint receiver_update_score(
    RtpStreamReceiver* stream, uint64_t inactivity_us, uint64_t now_us
) noexcept nogil:
    cdef int64_t expected = expected_packets(stream) - stream.expected_scored
    cdef int64_t lost = expected - <int64_t>(stream.packets - stream.received_scored)
    cdef int64_t repaired = <int64_t>(stream.packets_repaired - stream.repaired_scored)
    if lost < 0:    # repaired now, but missing in an interval before, where they have counted as lost
        repaired = repaired + lost if repaired + lost > 0 else 0
        lost = 0
    if stream.is_active and inactivity_us > 0 and now_us >= stream.last_packet_us + inactivity_us:
        stream.is_active = 0
        stream.score = 0
    if expected > 0:
        stream.expected_scored += expected
        stream.received_scored = stream.packets
        stream.repaired_scored = stream.packets_repaired
        if stream.is_active:
            stream.score = smooth_score(
                stream.score_history,
                &stream.score_count,
                delivery_score(<double>expected, <double>lost, <double>repaired),
            )
    return stream.started and receiver_score_is_news(stream)


cdef void receiver_falls_silent(RtpStreamReceiver* stream) noexcept nogil:
    stream.is_active = 0
    stream.score = stream.told_score = 0


cdef bint receiver_capture_us(
    const RtpStreamReceiver* stream, uint32_t timestamp, uint64_t* capture_us
) noexcept nogil:
    cdef int64_t elapsed
    # "A sender which has no notion of wallclock or elapsed time may set the NTP timestamp to zero" (section 6.4.1).
    if stream.sr_packets == 0 or stream.sr_ntp == 0 or stream.clock_rate == 0:
        return False
    elapsed = <int64_t><int32_t>(timestamp - stream.sr_rtp_timestamp) * 1000000
    capture_us[0] = us_from_ntp(stream.sr_ntp) + <uint64_t>(elapsed // <int64_t>stream.clock_rate)
    return True
