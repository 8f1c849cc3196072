"""What the tests share: raw calls, waiting for what will be, JWTs, small configurations."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import grpc

import memgrid
from memgrid.v1 import admin_pb2, key_value_pb2, memory_pb2

_Found = TypeVar("_Found")

KiB = 1 << 10
MiB = 1 << 20


class Raw:
    """gRPC without the SDK: requests as they are, answers and statuses as they come."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )

    def __call__(self, request: Any, **options: Any) -> Any:
        """Sends a request message to the method of its name."""
        method, answer = method_of(type(request))
        call = self.channel.unary_unary(
            method, type(request).SerializeToString, answer.FromString, _registered_method=False
        )
        return call(request, **{"timeout": 20, **options})

    def bytes(self, method: str, payload: bytes, **options: Any) -> bytes:
        """Sends bytes that no message class would make."""
        return self.channel.unary_unary(method)(payload, **{"timeout": 20, **options})

    def status(self, request: Any, **options: Any) -> tuple[grpc.StatusCode, str]:
        """The status that refuses the request."""
        try:
            self(request, **options)
        except grpc.RpcError as refused:
            return refused.code(), refused.details() or ""
        return grpc.StatusCode.OK, ""

    def close(self) -> None:
        self.channel.close()


def method_of(request: Any) -> tuple[str, Any]:
    """Path and answer class of the method that takes `request`."""
    for file in (key_value_pb2, memory_pb2, admin_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                if method.input_type is request.DESCRIPTOR:
                    return f"/{service.full_name}/{method.name}", getattr(
                        file, method.output_type.name
                    )
    raise LookupError(request)


def string_field(number: int, value: bytes) -> bytes:
    """A string field of up to 127 bytes on the wire, valid or not."""
    return bytes([number << 3 | 2, len(value)]) + value


def eventually(found: Callable[[], _Found], seconds: float = 10.0) -> _Found:
    """Asks again and again until the answer is true. AssertionError with the last answer after `seconds`."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not (answer := found()):
        assert time.monotonic() < end, f"still {answer!r} after {seconds} s"
        pause.wait(0.02)
    return answer


def is_gone(client: memgrid.Client, namespace: str, key: str) -> bool:
    """Whether there is no such key."""
    try:
        client.get(namespace, key)
    except memgrid.errors.NotFound:
        return True
    return False


def jwt(key: bytes, kid: str = "main", alg: str = "HS256", **claims: Any) -> str:
    """A token, signed with HMAC-SHA-256 whatever it claims."""

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    body = part({"alg": alg, "typ": "JWT", "kid": kid}) + b"." + part(claims)
    signature = hmac.new(key, body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def write_config(folder: Path, text: str) -> list[str]:
    """A configuration file in `folder`, and the arguments that name it."""
    path = folder / "memgrid.toml"
    path.write_text(text)
    return ["--config", str(path)]


def all_flushed(client: memgrid.Client) -> bool:
    """Whether all that was applied is durable and recorded as such."""
    reports = client.store_status()
    return all(shard.recorded >= shard.applied for report in reports for shard in report.shards)
