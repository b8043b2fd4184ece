"""DTLS, sans-I/O: handshakes, their messages and records, and the SRTP keys that result."""
