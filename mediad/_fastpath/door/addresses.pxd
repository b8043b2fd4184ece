"""Conversion of addresses between Python (socket number, host, port, local address) and the media path's record."""

from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.own_sockets cimport Network

# local: the address of ours that the peer reaches; "": the socket has only one. Raises ValueError or OSError.
cdef int fill_address(Address* address, object socket, str host, int port, str local) except -1
# bits: of the network's prefix, as in its own family.
cdef int fill_network(Network* network, str host, int bits) except -1
# (socket, host, port)
cdef tuple read_address(const Address* address)
cdef str read_local_address(const Address* address)
