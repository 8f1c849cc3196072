"""A memory region as a file."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Literal

from memgrid._buffers import flat_view, writable_view
from memgrid.errors import NotFound, OutOfRange

if TYPE_CHECKING:
    from memgrid._buffers import BytesLike
    from memgrid.client import Client

Mode = Literal["rb", "r+b", "w+b", "x+b"]

#: Bytes of one read or write; larger ones are done in parts.
_PART = 4 << 20


class RegionFile(io.RawIOBase):
    """An unbuffered binary file whose content is a region: from 0 to the region's size.

    Each write of up to 4 MiB is atomic; one behind the end grows the region. Put it into `io.BufferedReader` or
    `io.BufferedRandom` for many small reads and writes. The size is asked for whenever it matters, so what others do to
    the region is seen. Not to be used by several threads at once; several files of one region may.
    """

    def __init__(self, client: Client, namespace: str, name: str, mode: Mode = "r+b") -> None:
        if mode not in ("rb", "r+b", "w+b", "x+b"):
            raise ValueError(f'mode: one of "rb", "r+b", "w+b", "x+b" is needed, not {mode!r}')
        self._client = client
        self._namespace = namespace
        self.name = name
        self.mode = mode
        self._position = 0
        if mode == "x+b":
            client.allocate_memory(namespace, name, 0)
        elif mode == "w+b":
            self._create_or_empty()
        else:
            self.region_size()

    def _create_or_empty(self) -> None:
        try:
            self._client.resize_memory(self._namespace, self.name, 0)
        except NotFound:
            self._client.allocate_memory(self._namespace, self.name, 0)

    def region_size(self) -> int:
        """The region's size now."""
        return self._client.describe_memory(self._namespace, self.name).size

    def readable(self) -> bool:
        """Always."""
        return True

    def writable(self) -> bool:
        """Unless the mode is "rb"."""
        return self.mode != "rb"

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves the position; it may lie behind the end."""
        self._check_open()
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        if base is None:
            if whence != os.SEEK_END:
                raise ValueError(f"whence: 0, 1 or 2 is needed, not {whence}")
            base = self.region_size()
        if base + offset < 0:
            raise ValueError(f"offset: {base + offset} is before the beginning")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: BytesLike, /) -> int:
        """Fills the buffer as far as there is anything; 0 at the end."""
        self._check_open()
        view = writable_view(buffer, "buffer")[:_PART]
        try:
            done = self._read(view)
        except OutOfRange:  # near the end, or behind it
            left = max(0, self.region_size() - self._position)
            done = self._read(view[:left]) if left else 0
        self._position += done
        return done

    def _read(self, view: memoryview) -> int:
        return self._client.read_into(self._namespace, self.name, view, self._position)

    def readall(self) -> bytes:
        """Everything from the position to the end."""
        self._check_open()
        left = max(0, self.region_size() - self._position)
        parts = self._client.stream_read_memory(self._namespace, self.name, self._position, left) if left else ()
        content = b"".join(parts)
        self._position += len(content)
        return content

    def write(self, data: BytesLike, /) -> int:
        """Writes all of `data` and returns its length."""
        self._check_open()
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        view = flat_view(data, "data")
        for at in range(0, len(view), _PART):
            part = view[at : at + _PART]
            self._client.write_memory(self._namespace, self.name, self._position, part)
            self._position += len(part)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Resizes the region, by default to the position, which stays where it is."""
        self._check_open()
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        new_size = self._position if size is None else size
        return self._client.resize_memory(self._namespace, self.name, new_size)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")
