"""Conversion of addresses between Python's text and the 128 bits of the media path's record.

Python names a local socket by one number: the index of a UDP socket, or the index of a listener and, from bit 16 up,
the number of the TCP connection that it accepted.
"""

import socket as _socket

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.octets cimport load64, store64
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.own_sockets cimport Network


cdef int fill_host(uint64_t* high, uint64_t* low, str host) except -1:
    """Write a host, IPv4 as IPv4-mapped IPv6, so that one table serves both families. `host` is a numeric address."""
    cdef bytes packed
    cdef const uint8_t* octets
    if ":" in host:
        packed = _socket.inet_pton(_socket.AF_INET6, host)
    else:
        packed = b"\0" * 10 + b"\xff\xff" + _socket.inet_pton(_socket.AF_INET, host)
    octets = <const uint8_t*>packed
    high[0] = load64(octets)
    low[0] = load64(octets + 8)
    return 0


cdef int fill_address(Address* address, object socket, str host, int port, str local) except -1:
    cdef uint64_t number
    if not 0 < port < 65536:
        raise ValueError(f"port is {port}, expected 1..65535")
    if not 0 <= socket < 1 << 48:
        raise ValueError(f"socket number is {socket}, expected one of 48 bits")
    number = socket
    memset(address, 0, sizeof(Address))
    fill_host(&address.high, &address.low, host)
    if local:
        fill_host(&address.local_high, &address.local_low, local)
    address.port = port
    address.socket = <uint16_t>(number & 0xFFFF)
    address.connection = <uint32_t>(number >> 16)
    return 0


cdef int fill_network(Network* network, str host, int bits) except -1:
    cdef int most = 128 if ":" in host else 32
    if not 0 <= bits <= most:
        raise ValueError(f"prefix of {host} is {bits} bits, expected 0..{most}")
    fill_host(&network.high, &network.low, host)
    network.bits = <uint32_t>(bits + 128 - most)
    return 0


cdef tuple read_address(const Address* address):
    """Return (socket, host, port)."""
    return (<uint64_t>address.connection << 16) | address.socket, read_host(address.high, address.low), address.port


cdef str read_local_address(const Address* address):
    return read_host(address.local_high, address.local_low) if address.local_high | address.local_low else ""


cdef str read_host(uint64_t high, uint64_t low):
    cdef uint8_t octets[16]
    cdef bytes packed
    store64(octets, high)
    store64(octets + 8, low)
    packed = PyBytes_FromStringAndSize(<const char*>octets, 16)
    if high == 0 and low >> 32 == 0xFFFF:
        return _socket.inet_ntop(_socket.AF_INET, packed[12:])
    return _socket.inet_ntop(_socket.AF_INET6, packed)
