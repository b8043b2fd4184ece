"""The media thread: sockets, epoll and rings around the engine."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.ring cimport Ring
from mediad._fastpath.engine.commands cimport Commands
from mediad._fastpath.engine.graph cimport Engine
