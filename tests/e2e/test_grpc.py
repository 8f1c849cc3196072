"""The door itself, as grpcio sees it: unknown methods, compression, deadlines, health, reflection, HTTP beside it."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

import memgrid
from memgrid.v1 import key_value_pb2 as kv
from support import Raw, string_field


@pytest.mark.parametrize(
    "method",
    ["/memgrid.v1.KeyValueService/Nothing", "/memgrid.v1.Nobody/GetKey", "/nothing", "/a/b/c"],
)
def test_unknown_methods(raw: Raw, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw.bytes(method, b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\xff", string_field(1, b"k")[:-1], b"\x0b"])
def test_a_message_that_is_none(raw: Raw, payload: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw.bytes("/memgrid.v1.KeyValueService/GetKey", payload)
    assert caught.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
    assert raw.status(kv.GetKeyRequest())[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_unknown_fields_are_ignored(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    client.put_key(namespace, "k", b"v")
    payload = kv.GetKeyRequest(namespace=namespace, key="k").SerializeToString() + bytes(
        [0xFA, 0x07, 1, 0]
    )
    answer = raw.bytes("/memgrid.v1.KeyValueService/GetKey", payload)
    assert kv.GetKeyResponse.FromString(answer).value == b"v"


def test_compressed_requests(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
        value = b"compressible " * 10_000 + os.urandom(10)
        raw(kv.PutKeyRequest(namespace=namespace, key="k", value=value), compression=compression)
        assert client.get_key(namespace, "k") == value


def test_deflate_is_not_understood(raw: Raw, namespace: str) -> None:
    request = kv.PutKeyRequest(namespace=namespace, key="k", value=bytes(5000))
    code, _ = raw.status(request, compression=grpc.Compression.Deflate)
    assert code is grpc.StatusCode.UNIMPLEMENTED


def test_many_calls_on_one_connection(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    value = os.urandom(100_000)
    client.put_key(namespace, "k", value)
    with ThreadPoolExecutor(32) as pool:
        answers = pool.map(
            lambda _: raw(kv.GetKeyRequest(namespace=namespace, key="k")).value, range(600)
        )
        assert set(answers) == {value}


def test_cancelled_calls_leave_the_connection(
    raw: Raw, client: memgrid.Client, namespace: str
) -> None:
    client.put_key(namespace, "k", bytes(1 << 20))
    request = kv.GetKeyRequest(namespace=namespace, key="k").SerializeToString()
    get = raw.channel.unary_unary("/memgrid.v1.KeyValueService/GetKey")
    for _ in range(50):
        get.future(request).cancel()
    assert len(raw(kv.GetKeyRequest(namespace=namespace, key="k")).value) == 1 << 20


@pytest.mark.parametrize(
    "service",
    ["", "memgrid.v1.KeyValueService", "memgrid.v1.MemoryService", "memgrid.v1.AdminService"],
)
def test_health(raw: Raw, service: str) -> None:
    asked = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    answer = health_pb2.HealthCheckResponse.FromString(
        raw.bytes("/grpc.health.v1.Health/Check", asked)
    )
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_nobody(raw: Raw) -> None:
    asked = health_pb2.HealthCheckRequest(service="nobody").SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        raw.bytes("/grpc.health.v1.Health/Check", asked)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services(raw: Raw) -> None:
    services = ProtoReflectionDescriptorDatabase(raw.channel).get_services()
    wanted = {"memgrid.v1.KeyValueService", "memgrid.v1.MemoryService", "memgrid.v1.AdminService"}
    assert wanted | {"grpc.health.v1.Health"} <= set(services)


def http(server: memgrid.LocalServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{server.http_address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_http_beside_it(
    server: memgrid.LocalServer, client: memgrid.Client, namespace: str
) -> None:
    client.put_key(namespace, "k", b"v")
    assert http(server, "/healthz")[0] == 200
    assert http(server, "/readyz")[0] == 200
    assert http(server, "/nothing")[0] == 404
    code, text = http(server, "/metrics")
    assert code == 200
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    assert len(samples) > 20
    assert all(line.split("{")[0].split()[0].startswith("memgrid_") for line in samples)
    assert all(any(line.startswith(name) for name in helped) for line in samples)


def test_a_client_finds_a_restarted_server() -> None:
    with memgrid.LocalServer() as private, memgrid.Client(private.address) as client:
        client.create_namespace("n")
        assert private.stop() == 0
        private.start()
        client.create_namespace("n")
