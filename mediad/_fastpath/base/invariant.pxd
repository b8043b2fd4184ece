"""MEDIAD_ASSERT(condition): abort with file, line and expression when an invariant of ours does not hold.

Never for what came from the network: input is dropped and counted.
"""

cdef extern from "invariant.h":
    void MEDIAD_ASSERT(bint condition) noexcept nogil
