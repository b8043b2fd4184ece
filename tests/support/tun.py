"""TUN devices: a network interface whose other end is a file descriptor, one IP packet per read or write."""

from __future__ import annotations

import fcntl
import os
import struct

MTU = 1500
TUNSETIFF = 0x4004_54CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def open_tun(name: str) -> int:
    """The descriptor of a new interface `name` in the calling thread's namespace; closing it removes that.

    Without IFF_VNET_HDR the kernel cuts segmentation offload's large packets up before it hands them out, so
    what is read is what a wire would carry. OSError where the kernel refuses.
    """
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, f"/dev/net/tun: {error.strerror}") from error
    try:
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        os.close(fd)
        raise OSError(error.errno, f"TUNSETIFF {name}: {error.strerror}") from error
    return fd
