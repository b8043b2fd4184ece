"""Dependency descriptor (appendix A of AOMedia's AV1 RTP specification): layers that need a frame, of any codec.

A key frame brings the structure: a list of templates, each saying for every decode target (a pair of spatial and
temporal layers that a receiver may want) what a frame of this kind is to it. All other descriptors name a template. So
the structure is kept with the received stream, in fixed memory.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from mediad._fastpath.base.octets cimport store16
from mediad._fastpath.wire.payload_info cimport GRID_CELLS, PayloadInfo

cdef enum:
    MAX_TEMPLATES = 64
    MAX_TARGETS = 32
    FRAME_NUMBER_OFFSET = 1

ctypedef struct DependencyStructure:
    uint32_t template_count        # 0 = none known yet
    uint32_t template_id_offset
    uint32_t target_count
    uint32_t active                # decode targets being sent, one bit each
    uint32_t timestamp             # of the key frame it came with
    uint32_t active_timestamp      # of the picture that told of `active` last
    uint8_t spatial_count          # by `active`
    uint8_t target_spatial[MAX_TARGETS]
    uint8_t target_temporal[MAX_TARGETS]
    uint8_t target_of_cell[GRID_CELLS]
    uint8_t spatial[MAX_TEMPLATES]
    uint8_t temporal[MAX_TEMPLATES]
    uint8_t has_references[MAX_TEMPLATES]
    uint32_t present[MAX_TEMPLATES]    # one bit each decode target
    uint32_t switches[MAX_TEMPLATES]

# Read one packet's descriptor, and take over the structure it may bring. Fills in frame edges, layers, grid and
# starts_over. False when it has fewer than the mandatory three bytes. *starts_sequence: the packet starts a frame that
# needs no other. A descriptor that names no known template leaves the layers untold.
cdef bint dependency_describe(DependencyStructure* structure, const uint8_t* p, uint32_t length, uint32_t timestamp,
                              PayloadInfo* info, bint* starts_sequence) noexcept nogil


cdef inline void dependency_write_number(uint8_t* p, uint16_t frame_number) noexcept nogil:
    """Write the frame number. References are differences, so all numbers of a sequence must be moved alike."""
    store16(p + FRAME_NUMBER_OFFSET, frame_number)
