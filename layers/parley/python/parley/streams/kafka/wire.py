"""Numbers, strings and arrays as Kafka's protocol writes them, in the versions before the compact ones."""

from __future__ import annotations

from struct import Struct
from typing import Final

from parley.streams.kafka.errors import KafkaError

_INT16: Final = Struct(">h")
_INT32: Final = Struct(">i")
_INT64: Final = Struct(">q")


def int16(value: int) -> bytes:
    return _INT16.pack(value)


def int32(value: int) -> bytes:
    return _INT32.pack(value)


def string(value: str | None) -> bytes:
    """A nullable string."""
    if value is None:
        return _INT16.pack(-1)
    data = value.encode()
    return _INT16.pack(len(data)) + data


def byte_string(value: bytes) -> bytes:
    return _INT32.pack(len(value)) + value


class Reader:
    """Reads an answer from its beginning to its end.

    Raises:
        KafkaError: by every method, where the answer is shorter than it says.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def int16(self) -> int:
        return int(_INT16.unpack(self._take(2))[0])

    def int32(self) -> int:
        return int(_INT32.unpack(self._take(4))[0])

    def int64(self) -> int:
        return int(_INT64.unpack(self._take(8))[0])

    def boolean(self) -> bool:
        return self._take(1) != b"\0"

    def string(self) -> str | None:
        length = self.int16()
        return None if length < 0 else self._take(length).decode()

    def byte_string(self) -> bytes:
        return self._take(max(self.int32(), 0))

    def count(self) -> range:
        """To be gone through for the items of an array; a null one has none."""
        return range(self.int32())

    def skip_int32s(self) -> None:
        """Passes over an array of 32-bit numbers."""
        self._take(4 * len(self.count()))

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise KafkaError("the broker's answer is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken
