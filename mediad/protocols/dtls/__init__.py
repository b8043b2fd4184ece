"""DTLS, sans-I/O: handshakes, their messages and records, and the keys for SRTP that they yield."""
