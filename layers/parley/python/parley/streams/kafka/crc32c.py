"""CRC-32C (RFC 3720, appendix B.4), which guards every batch.

The crc32c package asks the processor and is a thousand times as fast as Python; where it is missing, a table does.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

_POLYNOMIAL: Final = 0x82F63B78


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE: Final = tuple(_entry(value) for value in range(256))


def crc32c_by_table(data: bytes) -> int:
    """The checksum of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _choose() -> Callable[[bytes], int]:
    try:
        chosen: Callable[[bytes], int] = import_module("crc32c").crc32c
    except ImportError:
        return crc32c_by_table
    return chosen


crc32c: Final = _choose()
