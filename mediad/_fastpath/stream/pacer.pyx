"""Debt of the pacer, budget of repeats, and the two queues. A zeroed Pacer is an empty one."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef enum:
    BURST_BYTES = 12000            # ten packets: a usual frame leaves as it came
    BURST_US = 10000               # or what the pace sends in this time
    QUEUE_US = 200000              # nothing waits longer
    CAREFUL_BURST_BYTES = 2500
    CAREFUL_QUEUE_US = 400000
    REPAIR_BURST_BYTES = 15000
    REPAIR_BURST_US = 250000       # or what their share sends in this time
    AUDIO_REPAIR_BYTES = 1000      # that audio may borrow where video took all: ten packets

cdef double PACE = 2.5             # times the estimate
cdef double REPAIR_SHARE = 0.5     # of the estimate


cdef double pace_bps(const Pacer* pacer, uint64_t path_bps) noexcept nogil:
    cdef double bps = path_bps if pacer.careful else PACE * path_bps
    cdef double in_time_bps = pacer.waiting_bytes * 8e6 / (CAREFUL_QUEUE_US if pacer.careful else QUEUE_US)
    return bps if bps > in_time_bps else in_time_bps


cdef void pay(Pacer* pacer, double bps, uint64_t now_us) noexcept nogil:
    if now_us > pacer.paid_us:
        pacer.debt_bytes -= bps * (now_us - pacer.paid_us) / 8e6
        pacer.paid_us = now_us
    if pacer.debt_bytes < 0.0:
        pacer.debt_bytes = 0.0


cdef double allowance(const Pacer* pacer, double bps) noexcept nogil:
    cdef double bytes = bps * BURST_US / 8e6
    if pacer.careful:
        return CAREFUL_BURST_BYTES
    return bytes if bytes > BURST_BYTES else BURST_BYTES


cdef void pacer_spend(Pacer* pacer, uint32_t bytes, uint64_t path_bps, uint64_t now_us) noexcept nogil:
    if path_bps == 0:
        return
    pay(pacer, pace_bps(pacer, path_bps), now_us)
    pacer.debt_bytes += bytes


cdef bint pacer_must_wait(Pacer* pacer, PacedKind kind, uint64_t path_bps, uint64_t now_us) noexcept nogil:
    cdef double bps
    if path_bps == 0:
        return False
    if pacer.queues[<int>kind].count:
        return True                # in its turn
    bps = pace_bps(pacer, path_bps)
    pay(pacer, bps, now_us)
    return pacer.debt_bytes >= allowance(pacer, bps)


cdef bint pacer_affords_repair(Pacer* pacer, uint32_t bytes, bint video, uint64_t path_bps,
                               uint64_t now_us) noexcept nogil:
    cdef double most = REPAIR_SHARE * path_bps * REPAIR_BURST_US / 8e6
    if pacer.careful:
        most = 2 * CAREFUL_BURST_BYTES
    elif most < REPAIR_BURST_BYTES:
        most = REPAIR_BURST_BYTES
    if now_us > pacer.repair_us:
        pacer.repair_bytes += REPAIR_SHARE * path_bps * (now_us - pacer.repair_us) / 8e6
        pacer.repair_us = now_us
    if pacer.repair_bytes > most:
        pacer.repair_bytes = most
    if pacer.repair_bytes + (0 if video else AUDIO_REPAIR_BYTES) < bytes:
        return False
    pacer.repair_bytes -= bytes
    return True


cdef bint pacer_hold(Pacer* pacer, PacedKind kind, uint32_t consumer, uint16_t sequence_number,
                     uint32_t bytes) noexcept nogil:
    cdef PacedQueue* queue = &pacer.queues[<int>kind]
    cdef PacedPacket* packet
    if queue.count == PACED_PACKETS:
        return False
    packet = &queue.packets[(queue.head + queue.count) & (PACED_PACKETS - 1)]
    packet.consumer = consumer
    packet.sequence_number = sequence_number
    packet.bytes = <uint16_t>bytes
    queue.count += 1
    pacer.waiting_bytes += packet.bytes
    return True


cdef bint pacer_next(Pacer* pacer, PacedPacket* packet, PacedKind* kind, uint64_t path_bps,
                     uint64_t now_us) noexcept nogil:
    cdef PacedQueue* queue
    cdef double bps = pace_bps(pacer, path_bps)
    if not pacer_waits(pacer):
        return False
    pay(pacer, bps, now_us)
    if pacer.debt_bytes >= allowance(pacer, bps):
        return False
    kind[0] = PACED_REPAIR if pacer.queues[<int>PACED_REPAIR].count else PACED_MEDIA
    queue = &pacer.queues[<int>kind[0]]
    packet[0] = queue.packets[queue.head]
    queue.head = (queue.head + 1) & (PACED_PACKETS - 1)
    queue.count -= 1
    pacer.waiting_bytes -= packet.bytes
    return True
