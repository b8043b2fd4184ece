"""Reading of dependency descriptors, by the syntax tables of appendix A.8."""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.octets cimport load16
from mediad._fastpath.wire.payload_info cimport GRID_CELLS, MAX_SPATIAL, MAX_TEMPORAL, PayloadInfo

cdef enum:
    MANDATORY_BYTES = 3
    INDICATION_SWITCH = 2          # 0: not present, 1: discardable, 3: required
    NEXT_TEMPORAL = 1
    NEXT_SPATIAL = 2
    NO_MORE_TEMPLATES = 3
    MAX_LATENESS = 10 * 90000      # RTP units; an older structure than this comes from a clock that was set anew

ctypedef struct BitReader:
    const uint8_t* p
    uint32_t position              # in bits
    uint32_t end
    bint failed


# --- bits -------------------------------------------------------------------------------------------------------------

cdef inline uint32_t bits(BitReader* reader, uint32_t count) noexcept nogil:
    """Read f(count): the next bits, first one highest; 0 and `failed` when they are not there."""
    cdef uint32_t value = 0
    cdef uint32_t _
    if count > reader.end - reader.position:
        reader.position = reader.end
        reader.failed = True
        return 0
    for _ in range(count):
        value = value << 1 | (reader.p[reader.position >> 3] >> (7 - (reader.position & 7)) & 1)
        reader.position += 1
    return value


cdef uint32_t below(BitReader* reader, uint32_t limit) noexcept nogil:
    """Read ns(limit): a number below `limit` in as few bits as that takes, the small ones with one less."""
    cdef uint32_t width = 0, rest = limit, short_codes, value
    while rest:
        rest >>= 1
        width += 1
    short_codes = (1 << width) - limit
    value = bits(reader, width - 1)
    if value < short_codes:
        return value
    return (value << 1) - short_codes + bits(reader, 1)


# --- the structure ----------------------------------------------------------------------------------------------------

cdef bint read_layers(BitReader* reader, DependencyStructure* structure) noexcept nogil:
    """Read template_layers(): each template is a step from the one before it."""
    cdef uint32_t step = 0, spatial = 0, temporal = 0
    while step != NO_MORE_TEMPLATES:
        if structure.template_count == MAX_TEMPLATES or spatial > MAX_SPATIAL or temporal > MAX_TEMPORAL:
            return False
        structure.spatial[structure.template_count] = <uint8_t>spatial
        structure.temporal[structure.template_count] = <uint8_t>temporal
        structure.template_count += 1
        step = bits(reader, 2)
        if step == NEXT_TEMPORAL:
            temporal += 1
        elif step == NEXT_SPATIAL:
            temporal = 0
            spatial += 1
        if reader.failed:
            return False
    return True


cdef void read_indications(BitReader* reader, uint32_t count, uint32_t* present, uint32_t* switches) noexcept nogil:
    """Read one decode target indication for each target."""
    cdef uint32_t target, indication
    present[0] = 0
    switches[0] = 0
    for target in range(count):
        indication = bits(reader, 2)
        present[0] |= <uint32_t>(indication != 0) << target
        switches[0] |= <uint32_t>(indication == INDICATION_SWITCH) << target


cdef void skip_chains(BitReader* reader, DependencyStructure* structure) noexcept nogil:
    cdef uint32_t chains = below(reader, structure.target_count + 1)
    cdef uint32_t _
    if chains == 0:
        return
    for _ in range(structure.target_count):
        below(reader, chains)
    for _ in range(structure.template_count * chains):
        bits(reader, 4)


cdef void skip_resolutions(BitReader* reader, DependencyStructure* structure) noexcept nogil:
    cdef uint32_t _
    if bits(reader, 1):
        for _ in range(structure.spatial[structure.template_count - 1] + 1):
            bits(reader, 32)


cdef void name_targets(DependencyStructure* structure) noexcept nogil:
    """Read decode_target_layers(): a target has the highest layers of the frames it needs."""
    cdef uint32_t target, i
    for target in range(structure.target_count):
        for i in range(structure.template_count):
            if structure.present[i] >> target & 1:
                if structure.spatial[i] > structure.target_spatial[target]:
                    structure.target_spatial[target] = structure.spatial[i]
                if structure.temporal[i] > structure.target_temporal[target]:
                    structure.target_temporal[target] = structure.temporal[i]


cdef void place_targets(DependencyStructure* structure) noexcept nogil:
    """Find for each cell of the grid the target with most layers within it, spatial first; without one, the first."""
    cdef uint32_t cell, target
    cdef int32_t best, worth
    for cell in range(GRID_CELLS):
        best = -1
        for target in range(structure.target_count):
            if structure.target_spatial[target] > cell >> 3 or structure.target_temporal[target] > cell & 7:
                continue
            worth = structure.target_spatial[target] * 8 + structure.target_temporal[target]
            if worth > best:
                best = worth
                structure.target_of_cell[cell] = <uint8_t>target


cdef bint read_structure(BitReader* reader, DependencyStructure* structure) noexcept nogil:
    cdef uint32_t i
    memset(structure, 0, sizeof(DependencyStructure))
    structure.template_id_offset = bits(reader, 6)
    structure.target_count = bits(reader, 5) + 1
    if reader.failed or not read_layers(reader, structure):
        return False
    for i in range(structure.template_count):
        read_indications(reader, structure.target_count, &structure.present[i], &structure.switches[i])
    for i in range(structure.template_count):
        while bits(reader, 1):
            structure.has_references[i] = 1
            bits(reader, 4)
    skip_chains(reader, structure)
    skip_resolutions(reader, structure)
    if reader.failed:
        return False
    name_targets(structure)
    place_targets(structure)
    structure.active = <uint32_t>((<uint64_t>1 << structure.target_count) - 1)
    return True


cdef void count_layers(DependencyStructure* structure) noexcept nogil:
    cdef uint32_t target
    structure.spatial_count = 0
    for target in range(structure.target_count):
        if structure.active >> target & 1 and structure.target_spatial[target] >= structure.spatial_count:
            structure.spatial_count = structure.target_spatial[target] + 1


# --- a frame ----------------------------------------------------------------------------------------------------------

cdef uint32_t on_grid(const DependencyStructure* structure, uint32_t targets) noexcept nogil:
    cdef uint32_t cells = 0, cell
    for cell in range(GRID_CELLS):
        cells |= (targets >> structure.target_of_cell[cell] & 1) << cell
    return cells


cdef bint read_frame(BitReader* reader, const DependencyStructure* structure, uint32_t template_id, bint custom_targets,
                     bint custom_references, PayloadInfo* info) noexcept nogil:
    """Read frame_dependency_definition(), up to the references."""
    cdef uint32_t index = (template_id - structure.template_id_offset) & (MAX_TEMPLATES - 1)
    cdef uint32_t present, switches
    cdef bint has_references
    if index >= structure.template_count:
        return False
    present = structure.present[index]
    switches = structure.switches[index]
    has_references = structure.has_references[index]
    if custom_targets:
        read_indications(reader, structure.target_count, &present, &switches)
    if custom_references:
        has_references = bits(reader, 2) != 0
    if reader.failed:
        return False
    info.has_layers = True
    info.spatial_layer = structure.spatial[index]
    info.temporal_layer = structure.temporal[index]
    info.spatial_count = structure.spatial_count
    info.targets = on_grid(structure, present)
    info.switches = on_grid(structure, switches)
    info.starts_over = info.spatial_layer == 0 and not has_references
    return True


cdef inline bint is_late(uint32_t timestamp, uint32_t newest) noexcept nogil:
    """True for a repaired packet whose content is older than what is known."""
    cdef int32_t later = <int32_t>(timestamp - newest)
    return -MAX_LATENESS < later < 0


cdef void take_structure(BitReader* reader, DependencyStructure* structure, uint32_t timestamp) noexcept nogil:
    """Take over a structure, unless it comes with a repaired packet of an older key frame."""
    cdef DependencyStructure read
    if not read_structure(reader, &read):
        reader.failed = True
        return
    if structure.template_count != 0 and is_late(timestamp, structure.timestamp):
        reader.failed = True
        return
    read.timestamp = timestamp
    read.active_timestamp = timestamp
    structure[0] = read
    count_layers(structure)


cdef void take_active(DependencyStructure* structure, uint32_t active, uint32_t timestamp) noexcept nogil:
    """Take over the active targets, sent once a change, unless they come with a repaired packet of an older picture."""
    if is_late(timestamp, structure.active_timestamp):
        return
    structure.active_timestamp = timestamp
    structure.active = active
    count_layers(structure)


cdef bint dependency_describe(DependencyStructure* structure, const uint8_t* p, uint32_t length, uint32_t timestamp,
                              PayloadInfo* info, bint* starts_sequence) noexcept nogil:
    cdef BitReader reader
    cdef uint32_t template_id, active, flags = 0
    starts_sequence[0] = False
    if length < MANDATORY_BYTES:
        return False
    info.starts_frame = p[0] >> 7
    info.ends_layer = p[0] >> 6 & 1
    info.has_frame_number = True
    info.frame_number = <uint16_t>load16(p + FRAME_NUMBER_OFFSET)
    template_id = p[0] & 0x3F
    reader.p = p
    reader.position = 8 * MANDATORY_BYTES
    reader.end = 8 * length
    reader.failed = False
    if length > MANDATORY_BYTES:
        flags = bits(&reader, 5)
        if flags & 0x10:
            # Sent with the first packet of each key frame (appendix A.4), whether or not the rest can be read.
            starts_sequence[0] = info.starts_frame
            take_structure(&reader, structure, timestamp)
        if flags & 0x08 and not reader.failed:
            active = bits(&reader, structure.target_count)
            if not reader.failed:
                take_active(structure, active, timestamp)
    if structure.template_count != 0 and not reader.failed:
        read_frame(&reader, structure, template_id, (flags & 0x04) != 0, (flags & 0x02) != 0, info)
    return True
