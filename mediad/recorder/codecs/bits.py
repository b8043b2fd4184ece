"""Bits of a codec's header, most significant first."""

from __future__ import annotations


class OutOfBits(Exception):
    """The header is shorter than it says."""


class BitReader:
    """A reader of fields of any number of bits."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, bits: int) -> int:
        """Return the next `bits` as a number. Raises OutOfBits."""
        if bits > self._left:
            raise OutOfBits
        self._left -= bits
        return self._value >> self._left & (1 << bits) - 1

    def skip(self, bits: int) -> None:
        """Pass over `bits`. Raises OutOfBits."""
        if bits > self._left:
            raise OutOfBits
        self._left -= bits

    def flag(self) -> bool:
        """Return the next bit. Raises OutOfBits."""
        return bool(self.take(1))

    def golomb(self) -> int:
        """Return the next unsigned Exp-Golomb code, ue(v). Raises OutOfBits, also for more than 32 bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise OutOfBits
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """Return the next signed Exp-Golomb code, se(v). Raises OutOfBits."""
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)
