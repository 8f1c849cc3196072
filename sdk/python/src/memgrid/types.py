"""What calls take and give beside plain values."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Consistency(IntEnum):
    """How fresh a read has to be."""

    #: The newest committed value, whichever server answers. The default.
    LINEARIZABLE = 0
    #: What the asked server has applied; may lag behind.
    STALE = 1
    #: Waits until the asked server has applied `min_version`.
    AT_LEAST_VERSION = 2


class Value(NamedTuple):
    """A key's value and the version of the write that made it."""

    value: bytes
    version: int


class RegionInfo(NamedTuple):
    """A region as `describe_memory` sees it."""

    #: Allocated bytes.
    size: int
    #: End of the highest byte ever written, cut by a shrink; what lies between it and `size` reads as zeros.
    data_length: int
    version: int


class RegionId(str):
    """A region's name, as every memory call takes it, with what was allocated."""

    __slots__ = ("namespace", "size", "version")

    namespace: str
    size: int
    version: int

    def __new__(cls, name: str, namespace: str, size: int, version: int) -> RegionId:
        """Built by `allocate_memory`."""
        self = super().__new__(cls, name)
        self.namespace = namespace
        self.size = size
        self.version = version
        return self
