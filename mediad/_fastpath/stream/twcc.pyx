"""Arrival times of a transport's packets, and the feedback packets made of them (section 3.1 of the draft)."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.octets cimport store16, store24, store32
from mediad._fastpath.base.sequence cimport unwrap16
from mediad._fastpath.wire.rtcp cimport FMT_TRANSPORT_CC, RTCP_RTPFB

cdef enum:
    HEADER_BYTES = 20              # RTCP header, two SSRCs, base, count, reference time, feedback count
    REFERENCE_US = 64000
    DELTA_US = 250
    SYMBOL_LOST = 0
    SYMBOL_SMALL = 1               # one byte of delta: 0 to 63.75 ms
    SYMBOL_LARGE = 2               # two bytes, signed: large or negative
    MAX_RUN = 8191
    ONE_BIT_SYMBOLS = 14
    TWO_BIT_SYMBOLS = 7
    ONE_BIT_VECTOR = 0x8000
    TWO_BIT_VECTOR = 0xC000

ctypedef struct Statuses:          # what goes into one feedback packet
    uint32_t count
    uint32_t delta_bytes
    uint32_t lost
    uint32_t reference             # units of 64 ms
    uint8_t symbols[TWCC_MAX_PACKETS]
    int16_t deltas[TWCC_MAX_PACKETS]


cdef void twcc_init(TwccRecorder* recorder) noexcept nogil:
    memset(recorder, 0, sizeof(TwccRecorder))


cdef inline uint64_t* arrival(const TwccRecorder* recorder, int64_t sequence) noexcept nogil:
    return <uint64_t*>&recorder.arrivals_us[sequence & (TWCC_WINDOW - 1)]


cdef void start_at(TwccRecorder* recorder, int64_t sequence) noexcept nogil:
    memset(recorder.arrivals_us, 0, sizeof(recorder.arrivals_us))
    recorder.started = True
    recorder.next_sequence = sequence
    recorder.highest = sequence


cdef void twcc_received(
    TwccRecorder* recorder, uint16_t sequence_number, uint32_t media_ssrc, uint64_t now_us
) noexcept nogil:
    cdef int64_t sequence, number
    if not recorder.started:
        sequence = (<int64_t>1 << 32) + sequence_number
        start_at(recorder, sequence)
    else:
        sequence = unwrap16(recorder.highest, sequence_number)
    if sequence > recorder.highest:
        if sequence - recorder.highest >= TWCC_WINDOW:
            start_at(recorder, sequence)    # the sender began anew: what lies between was never sent
        for number in range(recorder.highest + 1, sequence):
            arrival(recorder, number)[0] = 0
        arrival(recorder, sequence)[0] = 0
        recorder.highest = sequence
        if recorder.next_sequence <= sequence - TWCC_WINDOW:
            recorder.next_sequence = sequence - TWCC_WINDOW + 1
    elif sequence <= recorder.highest - TWCC_WINDOW:
        start_at(recorder, sequence)
    elif sequence < recorder.next_sequence or arrival(recorder, sequence)[0] != 0:
        return
    arrival(recorder, sequence)[0] = now_us if now_us > 0 else 1
    recorder.media_ssrc = media_ssrc
    recorder.received += 1


cdef bint twcc_pending(const TwccRecorder* recorder) noexcept nogil:
    return recorder.started and recorder.highest >= recorder.next_sequence


cdef inline int64_t floor_ticks(int64_t us) noexcept nogil:
    return us // DELTA_US if us >= 0 else -((-us + DELTA_US - 1) // DELTA_US)


cdef void collect(const TwccRecorder* recorder, Statuses* statuses, uint32_t room) noexcept nogil:
    """Take statuses from next_sequence on, as many as surely fit into room bytes and whose deltas can be written."""
    cdef int64_t sequence = recorder.next_sequence
    cdef int64_t clock_us, ticks
    cdef uint32_t symbol, chunk_bytes, delta_bytes = 0, count = 0
    cdef uint64_t at_us
    statuses.lost = 0
    while arrival(recorder, sequence)[0] == 0:      # ends at `highest`, which arrived
        sequence += 1
    statuses.reference = <uint32_t>(arrival(recorder, sequence)[0] // REFERENCE_US)
    clock_us = <int64_t>(arrival(recorder, sequence)[0] // REFERENCE_US) * REFERENCE_US
    sequence = recorder.next_sequence
    while sequence <= recorder.highest and count < TWCC_MAX_PACKETS:
        at_us = arrival(recorder, sequence)[0]
        symbol = SYMBOL_LOST
        ticks = 0
        if at_us != 0:
            # Against the time the reader will have computed so far, so that rounding does not add up.
            ticks = floor_ticks(<int64_t>at_us - clock_us)
            if ticks > 32767 or ticks < -32768:
                break
            symbol = SYMBOL_SMALL if 0 <= ticks <= 255 else SYMBOL_LARGE
        # No encoding below takes more than one chunk for seven statuses.
        chunk_bytes = 2 * ((count + TWO_BIT_SYMBOLS) // TWO_BIT_SYMBOLS)
        if ((HEADER_BYTES + chunk_bytes + delta_bytes + symbol + 3) & ~<uint32_t>3) > room:
            break
        clock_us += ticks * DELTA_US
        statuses.symbols[count] = <uint8_t>symbol
        statuses.deltas[count] = <int16_t>ticks
        statuses.lost += symbol == SYMBOL_LOST
        delta_bytes += symbol                       # a symbol's value is the size of its delta
        count += 1
        sequence += 1
    statuses.count = count
    statuses.delta_bytes = delta_bytes


cdef inline uint32_t run_length(const Statuses* statuses, uint32_t first) noexcept nogil:
    cdef uint32_t last = first + 1
    while last < statuses.count and last - first < MAX_RUN and statuses.symbols[last] == statuses.symbols[first]:
        last += 1
    return last - first


cdef inline uint32_t one_bit_span(const Statuses* statuses, uint32_t first) noexcept nogil:
    """Count the statuses that a one-bit vector would take from here: 14 or what is left; 0 if one has a large delta."""
    cdef uint32_t i, span = statuses.count - first
    if span > ONE_BIT_SYMBOLS:
        span = ONE_BIT_SYMBOLS
    for i in range(first, first + span):
        if statuses.symbols[i] == SYMBOL_LARGE:
            return 0
    return span


cdef uint8_t* write_chunks(const Statuses* statuses, uint8_t* p) noexcept nogil:
    """Write chunks, each of the kind that covers the most statuses (sections 3.1.3 and 3.1.4)."""
    cdef uint32_t first = 0, run, span, i, chunk
    while first < statuses.count:
        run = run_length(statuses, first)
        span = one_bit_span(statuses, first)
        if run >= span and run >= TWO_BIT_SYMBOLS or first + run == statuses.count:
            chunk = (<uint32_t>statuses.symbols[first] << 13) | run
            span = run
        elif span > TWO_BIT_SYMBOLS or span > 0 and first + span == statuses.count:
            chunk = ONE_BIT_VECTOR
            for i in range(span):
                chunk |= <uint32_t>statuses.symbols[first + i] << (ONE_BIT_SYMBOLS - 1 - i)
        else:
            chunk = TWO_BIT_VECTOR
            span = statuses.count - first
            if span > TWO_BIT_SYMBOLS:
                span = TWO_BIT_SYMBOLS
            for i in range(span):
                chunk |= <uint32_t>statuses.symbols[first + i] << (2 * (TWO_BIT_SYMBOLS - 1 - i))
        store16(p, chunk)
        p += 2
        first += span
    return p


cdef uint8_t* write_deltas(const Statuses* statuses, uint8_t* p) noexcept nogil:
    cdef uint32_t i
    for i in range(statuses.count):
        if statuses.symbols[i] == SYMBOL_SMALL:
            p[0] = <uint8_t>statuses.deltas[i]
            p += 1
        elif statuses.symbols[i] == SYMBOL_LARGE:
            store16(p, <uint16_t>statuses.deltas[i])
            p += 2
    return p


cdef uint8_t* twcc_write_feedback(
    TwccRecorder* recorder, uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc
) noexcept nogil:
    cdef Statuses statuses
    cdef uint8_t* start = p
    if not twcc_pending(recorder) or limit - p < HEADER_BYTES:
        return NULL
    collect(recorder, &statuses, <uint32_t>(limit - p))
    if statuses.count == 0:
        return NULL
    store32(p + 4, sender_ssrc)
    store32(p + 8, recorder.media_ssrc)
    store16(p + 12, <uint16_t>recorder.next_sequence)
    store16(p + 14, statuses.count)
    store24(p + 16, statuses.reference)
    p[19] = recorder.feedback_count
    p = write_deltas(&statuses, write_chunks(&statuses, p + HEADER_BYTES))
    while (p - start) & 3:
        p[0] = 0
        p += 1
    # "Zero padding" without the P bit: that would be for the last packet of a compound alone (RFC 3550 section 6.4.1).
    start[0] = 0x80 | FMT_TRANSPORT_CC
    start[1] = RTCP_RTPFB
    store16(start + 2, <uint32_t>((p - start) // 4 - 1))
    recorder.next_sequence += statuses.count
    recorder.feedback_count += 1
    recorder.feedbacks_sent += 1
    recorder.lost += statuses.lost
    return p
