"""Test window into the stream sent to one receiver: a class for each struct."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.stream cimport history, playout, sender
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo


cdef class Sender:
    cdef sender.RtpStreamSender state

    def __init__(self, uint32_t ssrc=1, uint32_t rtx_ssrc=2, uint32_t clock_rate=90000, uint16_t first_rtx_sequence=7):
        sender.sender_init(&self.state, ssrc, rtx_ssrc, clock_rate, first_rtx_sequence)

    def sent(
        self,
        uint32_t timestamp,
        uint64_t now_us,
        *,
        uint32_t payload=100,
        uint32_t total=120,
        uint64_t capture_us=0,
    ):
        sender.sender_sent(&self.state, timestamp, payload, total, capture_us, now_us)

    def resent(self, uint64_t count):
        self.state.retransmitted += count

    def report(self, uint64_t now_us, uint64_t wall_us):
        cdef SenderInfo info
        if not sender.sender_report(&self.state, &info, now_us, wall_us):
            return None
        return info

    def receiver_report(
        self,
        *,
        uint8_t fraction_lost=0,
        int cumulative_lost=0,
        uint32_t highest_sequence=0,
        uint32_t jitter=0,
        uint32_t last_sr=0,
        uint32_t delay=0,
        uint64_t wall_us=0,
    ):
        cdef ReportBlock report
        report.ssrc = self.state.ssrc
        report.fraction_lost = fraction_lost
        report.cumulative_lost = cumulative_lost
        report.highest_sequence = highest_sequence
        report.jitter = jitter
        report.last_sr = last_sr
        report.delay_since_last_sr = delay
        return bool(sender.sender_receiver_report(&self.state, &report, wall_us))

    @property
    def state_now(self):
        return self.state


cdef class Sent:
    cdef history.SentHistory history

    def __init__(self, uint32_t capacity):
        if not history.sent_init(&self.history, capacity):
            raise MemoryError

    def __dealloc__(self):
        history.sent_destroy(&self.history)

    def put(self, uint16_t sequence_number, int64_t source_sequence):
        history.sent_put(&self.history, sequence_number).serial = source_sequence

    def get(self, uint16_t sequence_number):
        cdef history.SentPacket* cell = history.sent_get(&self.history, sequence_number)
        return None if cell == NULL else cell.serial

    def clear(self):
        history.sent_clear(&self.history)

    @property
    def capacity(self):
        return self.history.mask + 1


cdef class Playout:
    cdef playout.PlayoutDelay state

    def watch(self, now_us: int, missed_up: int = 0, rtt_up_us: int = 0, missed_down: int = 0, rtt_down_us: int = 0):
        playout.playout_watch(&self.state, missed_up, rtt_up_us, missed_down, rtt_down_us, now_us)

    def limits(self, wish: bytes | None = None):
        """Return (least, most) in ms."""
        cdef const uint8_t* asked = NULL
        if wish is not None:
            asked = wish
        cdef uint32_t value = playout.playout_limits(&self.state, asked)
        return 10 * (value >> 12), 10 * (value & 0xFFF)

    @property
    def least_ms(self):
        return self.state.least_ms

    @property
    def frames_to_tell(self):
        return self.state.frames_to_tell
