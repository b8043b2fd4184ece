"""Emptying of the graph's slots: a free one is all zeros, and its pages are the kernel's until it is used again.

So memory is given back after a busy time, and an object that never carries a packet costs the few pages
that its opening touches. Everything here runs when an object ends; the slot must not be linked from anywhere by then.
"""

from libc.stdint cimport uint32_t
from mediad._fastpath.engine.graph cimport Engine

cdef void empty_transport(Engine* engine, uint32_t index) noexcept nogil
# With the streams of its encodings.
cdef void empty_producer(Engine* engine, uint32_t index) noexcept nogil
cdef void empty_consumer(Engine* engine, uint32_t index) noexcept nogil
