"""The gRPC methods as rows: path, message types, and whether a retry needs a lane."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from memgrid.errors import Internal
from memgrid.v1 import admin_pb2, key_value_pb2, memory_pb2

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)


class Method(Generic[Request, Answer]):
    """One method. Requests are sent as the bytes that `_wire` made of them; answers are read by `parse`."""

    __slots__ = ("_answer", "is_write", "name", "path")

    def __init__(self, service: str, request: type[Request], answer: type[Answer]) -> None:
        self.name: Final = request.DESCRIPTOR.name.removesuffix("Request")
        self.path: Final = f"/memgrid.v1.{service}/{self.name}"
        self.is_write: Final = "sequence" in request.DESCRIPTOR.fields_by_name
        self._answer: Final = answer

    def parse(self, data: bytes) -> Answer:
        """The answer. Internal if it is none."""
        try:
            return self._answer.FromString(data)
        except DecodeError as error:
            raise Internal(f"{self.name}: the answer cannot be read: {error}") from error


def _key_value(request: type[Request], answer: type[Answer]) -> Method[Request, Answer]:
    return Method("KeyValueService", request, answer)


def _memory(request: type[Request], answer: type[Answer]) -> Method[Request, Answer]:
    return Method("MemoryService", request, answer)


def _admin(request: type[Request], answer: type[Answer]) -> Method[Request, Answer]:
    return Method("AdminService", request, answer)


CREATE_NAMESPACE: Final = _key_value(key_value_pb2.CreateNamespaceRequest, key_value_pb2.CreateNamespaceResponse)
GET_KEY: Final = _key_value(key_value_pb2.GetKeyRequest, key_value_pb2.GetKeyResponse)
PUT_KEY: Final = _key_value(key_value_pb2.PutKeyRequest, key_value_pb2.PutKeyResponse)
DELETE_KEY: Final = _key_value(key_value_pb2.DeleteKeyRequest, key_value_pb2.DeleteKeyResponse)
LIST_KEYS: Final = _key_value(key_value_pb2.ListKeysRequest, key_value_pb2.ListKeysResponse)
COMPARE_AND_SWAP: Final = _key_value(key_value_pb2.CompareAndSwapRequest, key_value_pb2.CompareAndSwapResponse)

ALLOCATE_MEMORY: Final = _memory(memory_pb2.AllocateMemoryRequest, memory_pb2.AllocateMemoryResponse)
WRITE_MEMORY: Final = _memory(memory_pb2.WriteMemoryRequest, memory_pb2.WriteMemoryResponse)
READ_MEMORY: Final = _memory(memory_pb2.ReadMemoryRequest, memory_pb2.ReadMemoryResponse)
RESIZE_MEMORY: Final = _memory(memory_pb2.ResizeMemoryRequest, memory_pb2.ResizeMemoryResponse)
FREE_MEMORY: Final = _memory(memory_pb2.FreeMemoryRequest, memory_pb2.FreeMemoryResponse)
DESCRIBE_MEMORY: Final = _memory(memory_pb2.DescribeMemoryRequest, memory_pb2.DescribeMemoryResponse)
LIST_MEMORY_REGIONS: Final = _memory(memory_pb2.ListMemoryRegionsRequest, memory_pb2.ListMemoryRegionsResponse)
COMPARE_AND_SWAP_MEMORY: Final = _memory(
    memory_pb2.CompareAndSwapMemoryRequest, memory_pb2.CompareAndSwapMemoryResponse
)
STREAM_READ_MEMORY: Final = _memory(memory_pb2.StreamReadMemoryRequest, memory_pb2.ReadMemoryResponse)
STREAM_WRITE_MEMORY: Final = _memory(memory_pb2.StreamWriteMemoryRequest, memory_pb2.WriteMemoryResponse)

LIST_NAMESPACES: Final = _admin(admin_pb2.ListNamespacesRequest, admin_pb2.ListNamespacesResponse)
STORE_STATUS: Final = _admin(admin_pb2.StoreStatusRequest, admin_pb2.StoreStatusResponse)
