"""SCTP over DTLS (RFC 8261) for data channels: libusrsctp, without its threads, sockets and clock."""
