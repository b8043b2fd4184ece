"""Test window into the numbers in packets to a receiver: a class for each struct."""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.stream cimport numbers, rewriter
from mediad._fastpath.wire.payload_info cimport PayloadInfo


cdef PayloadInfo vp8_info(picture, int bits, tl0):
    """Make a PayloadInfo of the fields that the rewriter reads."""
    cdef PayloadInfo info
    memset(&info, 0, sizeof(info))
    if picture is not None:
        info.picture_id = picture
        info.picture_id_bits = bits
        info.picture_id_offset = 2
    if tl0 is not None:
        info.tl0_picture_index = tl0
        info.tl0_offset = 4
    return info


cdef class Numbers:
    cdef numbers.NumberMap map

    def __init__(self, int64_t value, int64_t mapped):
        numbers.numbers_start(&self.map, value, mapped)

    def drop(self, int64_t value):
        numbers.numbers_drop(&self.map, value)

    def map_to(self, int64_t value):
        cdef int64_t mapped
        return mapped if numbers.numbers_map(&self.map, value, &mapped) else None

    @property
    def intervals(self):
        return self.map.count


cdef class Rewriter:
    cdef rewriter.RtpRewriter state

    def __init__(self, uint32_t clock_rate=90000, uint16_t first_output=1000, uint32_t first_timestamp=0):
        rewriter.rewriter_init(&self.state, clock_rate, first_output, first_timestamp)

    def sync(
        self,
        int64_t sequence,
        uint32_t timestamp,
        int32_t timestamp_step=1,
        *,
        uint32_t age=0,
        picture=None,
        int bits=15,
        tl0=None,
        uint64_t now_us=0,
        bint described=True,
    ):
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        rewriter.rewriter_sync(
            &self.state, sequence, timestamp, &info if described else NULL, timestamp_step, age, now_us
        )

    def map(
        self,
        int64_t sequence,
        uint32_t timestamp,
        *,
        picture=None,
        int bits=15,
        tl0=None,
        uint64_t now_us=0,
        bint described=True,
    ):
        """Return (sequence number, timestamp, picture id, TL0PICIDX) or None."""
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        cdef rewriter.Rewritten out
        if not rewriter.rewriter_map(
            &self.state, sequence, timestamp, &info if described else NULL, now_us, &out
        ):
            return None
        return out.sequence_number, out.timestamp, out.picture_id, out.tl0_picture_index

    def map_frame(self, int64_t sequence, uint16_t frame_number):
        """Return the frame number of a packet with a dependency descriptor."""
        cdef PayloadInfo info
        cdef rewriter.Rewritten out
        memset(&info, 0, sizeof(info))
        info.has_frame_number = True
        info.frame_number = frame_number
        return out.frame_number if rewriter.rewriter_map(&self.state, sequence, 0, &info, 0, &out) else None

    def drop(self, int64_t sequence, *, picture=None, int bits=15, tl0=None, bint frame=False, bint described=True):
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        rewriter.rewriter_drop(&self.state, sequence, &info if described else NULL, frame)

    def leaves_hole(self, int64_t sequence):
        return bool(rewriter.rewriter_leaves_hole(&self.state, sequence))

    def unsync(self):
        self.state.synced = False

    @property
    def highest_timestamp(self):
        return self.state.highest_timestamp, self.state.highest_timestamp_us
