"""Hash tables in arrays of a power of two of cells, never more than half full: a taken cell leads to the next one."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    """Finalizer of splitmix64 (Steele, Lea, Flood, 2014): every bit of x moves every bit of the result."""
    x = (x ^ (x >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t>0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline uint32_t home(const Table* table, uint64_t key) noexcept nogil:
    # Twice, with the seed before each: through one known bijection some differences between keys stay visible often
    # enough for an attacker to find them, whatever the seed.
    return <uint32_t>mix(mix(key ^ table.seed) + table.seed) & table.mask


cdef inline uint64_t last_word(const Address* key) noexcept nogil:
    return (<const uint64_t*>&key.port)[0]


cdef inline uint32_t address_home(const AddressTable* table, const Address* key) noexcept nogil:
    cdef uint64_t h = mix(key.high ^ table.seed)
    h = mix(h + (key.low ^ table.seed)) + key.local_high + key.local_low * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>mix(h + last_word(key) + table.seed) & table.mask


cdef inline bint same(const Address* a, const Address* b) noexcept nogil:
    return (a.high == b.high and a.low == b.low and last_word(a) == last_word(b)
            and a.local_high == b.local_high and a.local_low == b.local_low)


cdef inline uint32_t cells_for(uint32_t capacity) noexcept nogil:
    """Smallest power of two that holds capacity entries at half load; 0 when that is beyond 2^31."""
    cdef uint32_t cells = 8
    while cells >> 1 < capacity:
        if cells == <uint32_t>1 << 31:
            return 0
        cells <<= 1
    return cells


cdef inline bint allocate(uint32_t cells, size_t key_bytes, void** keys, uint32_t** values) noexcept nogil:
    keys[0] = NULL
    values[0] = NULL
    if cells == 0:
        return False
    keys[0] = calloc(cells, key_bytes)
    values[0] = <uint32_t*>malloc(<size_t>cells * sizeof(uint32_t))
    if keys[0] == NULL or values[0] == NULL:
        free(keys[0])
        free(values[0])
        return False
    memset(values[0], 0xFF, <size_t>cells * sizeof(uint32_t))  # NO_VALUE in every cell
    return True


cdef bint table_init(Table* table, uint32_t capacity, uint64_t seed) noexcept nogil:
    cdef void* keys
    cdef uint32_t cells = cells_for(capacity)
    memset(table, 0, sizeof(Table))
    if not allocate(cells, sizeof(uint64_t), &keys, &table.values):
        return False
    table.keys = <uint64_t*>keys
    table.mask = cells - 1
    table.seed = seed
    return True


cdef void table_destroy(Table* table) noexcept nogil:
    free(table.keys)
    free(table.values)
    memset(table, 0, sizeof(Table))


cdef uint32_t table_get(const Table* table, uint64_t key) noexcept nogil:
    cdef uint32_t cell = home(table, key)
    while table.values[cell] != NO_VALUE:
        if table.keys[cell] == key:
            return table.values[cell]
        cell = (cell + 1) & table.mask
    return NO_VALUE


cdef bint grow(Table* table) noexcept nogil:
    cdef Table larger
    cdef uint32_t cell
    if not table_init(&larger, table.mask + 1, table.seed):
        return False
    for cell in range(table.mask + 1):
        if table.values[cell] != NO_VALUE:
            table_put(&larger, table.keys[cell], table.values[cell])
    table_destroy(table)
    memcpy(table, &larger, sizeof(Table))
    return True


cdef bint table_put(Table* table, uint64_t key, uint32_t value) noexcept nogil:
    cdef uint32_t cell = home(table, key)
    MEDIAD_ASSERT(value != NO_VALUE)
    while table.values[cell] != NO_VALUE:
        if table.keys[cell] == key:
            table.values[cell] = value
            return True
        cell = (cell + 1) & table.mask
    if table.count > table.mask >> 1:
        return grow(table) and table_put(table, key, value)
    table.keys[cell] = key
    table.values[cell] = value
    table.count += 1
    return True


cdef void table_remove(Table* table, uint64_t key) noexcept nogil:
    cdef uint32_t hole = home(table, key)
    cdef uint32_t cell
    while table.values[hole] != NO_VALUE and table.keys[hole] != key:
        hole = (hole + 1) & table.mask
    if table.values[hole] == NO_VALUE:
        return
    # Pull back each later entry of the run that may stand at the hole: one whose home is not between hole and itself.
    cell = (hole + 1) & table.mask
    while table.values[cell] != NO_VALUE:
        if ((cell - home(table, table.keys[cell])) & table.mask) >= ((cell - hole) & table.mask):
            table.keys[hole] = table.keys[cell]
            table.values[hole] = table.values[cell]
            hole = cell
        cell = (cell + 1) & table.mask
    table.values[hole] = NO_VALUE
    table.count -= 1


cdef bint table_claim(Table* table, uint64_t key, uint32_t value) noexcept nogil:
    cdef uint32_t owner = table_get(table, key)
    return owner == value or (owner == NO_VALUE and table_put(table, key, value))


cdef bint table_release(Table* table, uint64_t key, uint32_t value) noexcept nogil:
    if table_get(table, key) != value:
        return False
    table_remove(table, key)
    return True


cdef bint address_table_init(AddressTable* table, uint32_t capacity, uint64_t seed) noexcept nogil:
    cdef void* keys
    cdef uint32_t cells = cells_for(capacity)
    memset(table, 0, sizeof(AddressTable))
    if not allocate(cells, sizeof(Address), &keys, &table.values):
        return False
    table.keys = <Address*>keys
    table.mask = cells - 1
    table.seed = seed
    return True


cdef void address_table_destroy(AddressTable* table) noexcept nogil:
    free(table.keys)
    free(table.values)
    memset(table, 0, sizeof(AddressTable))


cdef uint32_t address_table_get(const AddressTable* table, const Address* key) noexcept nogil:
    cdef uint32_t cell = address_home(table, key)
    while table.values[cell] != NO_VALUE:
        if same(&table.keys[cell], key):
            return table.values[cell]
        cell = (cell + 1) & table.mask
    return NO_VALUE


cdef bint address_grow(AddressTable* table) noexcept nogil:
    cdef AddressTable larger
    cdef uint32_t cell
    if not address_table_init(&larger, table.mask + 1, table.seed):
        return False
    for cell in range(table.mask + 1):
        if table.values[cell] != NO_VALUE:
            address_table_put(&larger, &table.keys[cell], table.values[cell])
    address_table_destroy(table)
    memcpy(table, &larger, sizeof(AddressTable))
    return True


cdef bint address_table_put(AddressTable* table, const Address* key, uint32_t value) noexcept nogil:
    cdef uint32_t cell = address_home(table, key)
    MEDIAD_ASSERT(value != NO_VALUE)
    while table.values[cell] != NO_VALUE:
        if same(&table.keys[cell], key):
            table.values[cell] = value
            return True
        cell = (cell + 1) & table.mask
    if table.count > table.mask >> 1:
        return address_grow(table) and address_table_put(table, key, value)
    memcpy(&table.keys[cell], key, sizeof(Address))
    table.values[cell] = value
    table.count += 1
    return True


cdef void address_table_remove(AddressTable* table, const Address* key) noexcept nogil:
    cdef uint32_t hole = address_home(table, key)
    cdef uint32_t cell
    while table.values[hole] != NO_VALUE and not same(&table.keys[hole], key):
        hole = (hole + 1) & table.mask
    if table.values[hole] == NO_VALUE:
        return
    # As in table_remove.
    cell = (hole + 1) & table.mask
    while table.values[cell] != NO_VALUE:
        if ((cell - address_home(table, &table.keys[cell])) & table.mask) >= ((cell - hole) & table.mask):
            memcpy(&table.keys[hole], &table.keys[cell], sizeof(Address))
            table.values[hole] = table.values[cell]
            hole = cell
        cell = (cell + 1) & table.mask
    table.values[hole] = NO_VALUE
    table.count -= 1


cdef bint address_table_release(AddressTable* table, const Address* key, uint32_t value) noexcept nogil:
    if address_table_get(table, key) != value:
        return False
    address_table_remove(table, key)
    return True


cdef uint64_t hash_bytes(const unsigned char* data, uint32_t length, uint64_t seed) noexcept nogil:
    cdef uint64_t h = mix(seed ^ length)
    cdef uint64_t word
    while length >= 8:
        memcpy(&word, data, 8)
        h = mix(h ^ word) + seed
        data += 8
        length -= 8
    word = 0
    if length > 0:
        memcpy(&word, data, length)
    return mix(h ^ word)
