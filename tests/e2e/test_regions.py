"""Regions: bytes at offsets, zeros where nothing was written, growth, streams, files, arrays."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import memgrid
from memgrid import Consistency, errors
from memgrid.v1.memory_pb2 import (
    ReadMemoryResponse,
    StreamReadMemoryRequest,
    StreamWriteMemoryRequest,
    WriteMemoryResponse,
)
from support import KiB, MiB, Raw


def test_allocated_bytes_are_zeros(client: memgrid.Client, namespace: str) -> None:
    region = client.allocate_memory(namespace, "r", size=10_000)
    assert (region, region.namespace, region.size) == ("r", namespace, 10_000)
    assert client.read_memory(namespace, "r", 0, 10_000) == bytes(10_000)
    assert client.describe_memory(namespace, "r")[:2] == (10_000, 0)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097])
def test_sizes_are_exact(client: memgrid.Client, namespace: str, size: int) -> None:
    client.allocate_memory(namespace, "r", size)
    assert client.describe_memory(namespace, "r").size == size
    assert client.read_memory(namespace, "r", 0, size) == bytes(size)


def test_a_write_past_the_end_grows_the_region(client: memgrid.Client, namespace: str) -> None:
    client.allocate_memory(namespace, "r", 10)
    assert client.write_memory(namespace, "r", 8, b"abcdef") == 6
    assert client.describe_memory(namespace, "r")[:2] == (14, 14)
    client.write_memory(namespace, "r", 10_000, b"z")
    assert client.read_memory(namespace, "r", 6, 10) == b"\0\0abcdef\0\0"
    assert client.describe_memory(namespace, "r")[:2] == (10_001, 10_001)


def test_what_a_shrink_cuts_off_is_zeros_when_it_grows_again(
    client: memgrid.Client, namespace: str
) -> None:
    client.allocate_memory(namespace, "r", 20_000)
    client.write_memory(namespace, "r", 0, b"x" * 20_000)
    assert client.resize_memory(namespace, "r", 5000) == 5000
    assert client.describe_memory(namespace, "r")[:2] == (5000, 5000)
    client.resize_memory(namespace, "r", 20_000)
    assert client.read_memory(namespace, "r", 0, 20_000) == b"x" * 5000 + bytes(15_000)
    assert client.describe_memory(namespace, "r")[:2] == (20_000, 5000)


def test_a_freed_name_starts_anew(client: memgrid.Client, namespace: str) -> None:
    client.allocate_memory(namespace, "r", 10)
    client.write_memory(namespace, "r", 0, b"old")
    before = client.describe_memory(namespace, "r").version
    client.free_memory(namespace, "r")
    with pytest.raises(errors.NotFound):
        client.free_memory(namespace, "r")
    client.allocate_memory(namespace, "r", 10)
    assert client.read_memory(namespace, "r", 0, 10) == bytes(10)
    assert client.describe_memory(namespace, "r").version > before


def test_one_page_of_a_tebibyte_costs_about_a_page(client: memgrid.Client, namespace: str) -> None:
    def live() -> int:
        return sum(report.live_bytes for report in client.store_status())

    before = live()
    client.allocate_memory(namespace, "vast", 1 << 40)
    client.write_memory(namespace, "vast", (1 << 40) - 4096, b"p" * 4096)
    assert client.read_memory(namespace, "vast", (1 << 40) - 4100, 8) == b"\0\0\0\0pppp"
    assert client.read_memory(namespace, "vast", 1 << 39, MiB) == bytes(MiB)
    assert client.describe_memory(namespace, "vast")[:2] == (1 << 40, 1 << 40)
    assert live() - before < 64 * KiB
    client.free_memory(namespace, "vast")


def test_the_largest_region_can_be_written_at_its_end(
    client: memgrid.Client, namespace: str
) -> None:
    client.allocate_memory(namespace, "r", 2**62)
    client.write_memory(namespace, "r", 2**62 - 1, b"e")
    assert client.read_memory(namespace, "r", 2**62 - 2, 2) == b"\0e"


def test_random_writes_are_what_a_bytearray_would_hold(
    client: memgrid.Client, namespace: str
) -> None:
    chance = random.Random(7)
    model = bytearray(200_000)
    client.allocate_memory(namespace, "r", len(model))
    for _ in range(150):
        offset = chance.randrange(len(model))
        data = chance.randbytes(
            min(chance.choice([1, 7, 100, 4096, 5000, 40_000]), len(model) - offset)
        )
        if chance.random() < 0.1:
            client.resize_memory(namespace, "r", offset)
            client.resize_memory(namespace, "r", len(model))
            model[offset:] = bytes(len(model) - offset)
        client.write_memory(namespace, "r", offset, data)
        model[offset : offset + len(data)] = data
        start = chance.randrange(len(model))
        length = min(chance.choice([1, 64, 9000, 70_000]), len(model) - start)
        assert client.read_memory(namespace, "r", start, length) == model[start : start + length]
    assert client.read_memory(namespace, "r", 0, len(model)) == model


def test_lists(client: memgrid.Client, namespace: str) -> None:
    for name in ("cache:b", "cache:a", "other"):
        client.allocate_memory(namespace, name, 1)
    assert client.list_memory_regions(namespace, prefix="cache:") == ["cache:a", "cache:b"]
    assert client.list_memory_regions(namespace, limit=1) == ["cache:a"]
    assert client.list_keys(namespace) == []


def test_the_timeout_bounds_the_call(client: memgrid.Client, namespace: str) -> None:
    client.allocate_memory(namespace, "r", 10)
    never = {"consistency": Consistency.AT_LEAST_VERSION, "min_version": 2**62, "timeout_ms": 150}
    with pytest.raises(errors.DeadlineExceeded):
        client.read_memory(namespace, "r", 0, 1, **never)  # type: ignore[arg-type]
    with pytest.raises(errors.DeadlineExceeded):
        client.describe_memory(namespace, "r", **never)  # type: ignore[arg-type]
    client.write_memory(namespace, "r", 0, b"x", timeout_ms=0)


class TestCompareAndSwap:
    def test_swaps_what_is_expected(self, client: memgrid.Client, namespace: str) -> None:
        client.allocate_memory(namespace, "r", 100)
        client.write_memory(namespace, "r", 10, b"old")
        assert client.compare_and_swap_memory(namespace, "r", 10, b"xxx", b"new") is False
        assert client.compare_and_swap_memory(namespace, "r", 10, b"old", b"new") is True
        assert client.compare_and_swap_memory(namespace, "r", 50, bytes(4), b"zero") is True
        assert client.read_memory(namespace, "r", 9, 5) == b"\0new\0"

    def test_64_kibibytes_across_pages(self, client: memgrid.Client, namespace: str) -> None:
        old, new = os.urandom(64 * KiB), os.urandom(64 * KiB)
        client.allocate_memory(namespace, "r", 100_000)
        client.write_memory(namespace, "r", 1000, old)
        assert client.compare_and_swap_memory(namespace, "r", 1000, old, new) is True
        assert client.read_memory(namespace, "r", 1000, 64 * KiB) == new

    def test_a_counter_raced_by_many_loses_nothing(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.allocate_memory(namespace, "n", 8)

        def add(times: int) -> None:
            while times:
                value = client.read_memory(namespace, "n", 0, 8)
                following = (int.from_bytes(value, "big") + 1).to_bytes(8, "big")
                times -= client.compare_and_swap_memory(namespace, "n", 0, value, following)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, [25] * 8))
        assert int.from_bytes(client.read_memory(namespace, "n", 0, 8), "big") == 200


@pytest.mark.parametrize("length", [300, 20_000, 300_000])
def test_a_write_is_seen_whole_or_not_at_all(
    server: memgrid.LocalServer, namespace: str, length: int
) -> None:
    with memgrid.Client(server.address) as client:
        client.allocate_memory(namespace, "r", length)
        done = threading.Event()

        def write(byte: int) -> None:
            while not done.is_set():
                client.write_memory(namespace, "r", 0, bytes([byte]) * length)

        with ThreadPoolExecutor(3) as pool:
            writers = [pool.submit(write, byte) for byte in (1, 2, 3)]
            try:
                seen = {client.read_memory(namespace, "r", 0, length) for _ in range(150)}
                streamed = {
                    chunk for _ in range(20) for chunk in client.stream_read_memory(namespace, "r")
                }
            finally:
                done.set()
            for writer in writers:
                writer.result()
    assert all(len(set(content)) == 1 for content in seen | streamed)


class TestStreams:
    def test_what_goes_up_comes_down(self, client: memgrid.Client, namespace: str) -> None:
        content = os.urandom(MiB) * 40 + b"tail"
        client.allocate_memory(namespace, "r", 0)
        assert client.stream_write_memory(namespace, "r", 3, content) == len(content)
        digest = hashlib.sha256()
        for chunk in client.stream_read_memory(namespace, "r", 3):
            assert len(chunk) <= MiB
            digest.update(chunk)
        assert digest.digest() == hashlib.sha256(content).digest()

    def test_files_of_any_kind(
        self, client: memgrid.Client, namespace: str, tmp_path: Path
    ) -> None:
        content = os.urandom(3 * MiB + 17)
        (tmp_path / "f").write_bytes(content)
        client.allocate_memory(namespace, "r", 0)
        with (tmp_path / "f").open("rb") as file:
            assert client.stream_write_memory(namespace, "r", 0, file) == len(content)
        assert b"".join(client.stream_read_memory(namespace, "r", 0, len(content))) == content

    def test_messages_say_where_they_begin(
        self, raw: Raw, client: memgrid.Client, namespace: str
    ) -> None:
        client.allocate_memory(namespace, "r", 3 * MiB)
        read = raw.channel.unary_stream(
            "/memgrid.v1.MemoryService/StreamReadMemory",
            StreamReadMemoryRequest.SerializeToString,
            ReadMemoryResponse.FromString,
        )
        request = StreamReadMemoryRequest(
            namespace=namespace, key="r", offset=5, length=3 * MiB - 5
        )
        at = 5
        for message in read(request, timeout=20):
            assert message.offset == at
            assert 0 < len(message.data) <= MiB
            at += len(message.data)
        assert at == 3 * MiB

    def test_messages_may_jump(self, raw: Raw, client: memgrid.Client, namespace: str) -> None:
        client.allocate_memory(namespace, "r", 0)
        write = raw.channel.stream_unary(
            "/memgrid.v1.MemoryService/StreamWriteMemory",
            StreamWriteMemoryRequest.SerializeToString,
            WriteMemoryResponse.FromString,
        )
        messages = [
            StreamWriteMemoryRequest(namespace=namespace, key="r", data=b"ab"),
            StreamWriteMemoryRequest(data=b"cd"),
            StreamWriteMemoryRequest(offset=8, data=b"ef"),
            StreamWriteMemoryRequest(data=b"g"),
        ]
        assert write(iter(messages), timeout=20).written_bytes == 7
        assert client.read_memory(namespace, "r", 0, 11) == b"abcd\0\0\0\0efg"

    def test_a_refused_message_leaves_those_before_it(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.allocate_memory(namespace, "r", 0)
        with pytest.raises(errors.OutOfRange):
            client.stream_write_memory(namespace, "r", 2**62 - 2, [b"ab", b"c"])
        assert client.describe_memory(namespace, "r").size == 2**62

    def test_of_an_unknown_region(self, client: memgrid.Client, namespace: str) -> None:
        with pytest.raises(errors.NotFound):
            list(client.stream_read_memory(namespace, "none", 0, 1))
        with pytest.raises(errors.NotFound):
            client.stream_write_memory(namespace, "none", 0, b"x")

    def test_a_reader_that_stalls_meets_the_timeout(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.allocate_memory(namespace, "r", 256 * MiB)
        chunks = client.stream_read_memory(namespace, "r", timeout_ms=400)
        next(chunks)
        threading.Event().wait(0.6)
        with pytest.raises(errors.DeadlineExceeded):
            list(chunks)

    def test_awaited(self, server: memgrid.LocalServer, namespace: str) -> None:
        content = os.urandom(5 * MiB)

        async def main() -> bytes:
            async with memgrid.AsyncClient(server.address) as client:
                await client.allocate_memory(namespace, "r", 0)
                await client.stream_write_memory(namespace, "r", 0, content)
                return b"".join(
                    [chunk async for chunk in client.stream_read_memory(namespace, "r")]
                )

        assert asyncio.run(main()) == content


class TestFiles:
    def test_a_region_is_a_file(self, client: memgrid.Client, namespace: str) -> None:
        with client.open_region(namespace, "f", "w+b") as file:
            assert file.write(b"hello world") == 11
            assert file.tell() == 11
            file.seek(-5, os.SEEK_END)
            assert file.read(100) == b"world"
            assert file.read(1) == b""
            file.seek(0)
            assert file.read() == b"hello world"
            assert file.truncate(5) == 5
            file.seek(3)
            assert file.read(100) == b"lo"
        with pytest.raises(ValueError, match="closed"):
            file.read(1)

    def test_buffered_and_as_text(self, client: memgrid.Client, namespace: str) -> None:
        lines = [f"line {n}\n" for n in range(5000)]
        with io.TextIOWrapper(io.BufferedWriter(client.open_region(namespace, "f", "x+b"))) as text:
            text.writelines(lines)
        with io.TextIOWrapper(io.BufferedReader(client.open_region(namespace, "f", "rb"))) as text:
            assert list(text) == lines

    def test_copied_by_others(self, client: memgrid.Client, namespace: str) -> None:
        content = os.urandom(9 * MiB + 3)
        target = io.BytesIO()
        with client.open_region(namespace, "f", "w+b") as file:
            shutil.copyfileobj(io.BytesIO(content), file, 5 * MiB)
            file.seek(0)
            shutil.copyfileobj(file, target)
        assert target.getvalue() == content

    def test_modes(self, client: memgrid.Client, namespace: str) -> None:
        with pytest.raises(errors.NotFound):
            client.open_region(namespace, "f")
        client.open_region(namespace, "f", "x+b").close()
        with pytest.raises(errors.AlreadyExists):
            client.open_region(namespace, "f", "x+b")
        with (
            client.open_region(namespace, "f", "rb") as file,
            pytest.raises(io.UnsupportedOperation),
        ):
            file.write(b"x")
        with pytest.raises(ValueError, match="mode"):
            client.open_region(namespace, "f", "a")  # type: ignore[arg-type]


class TestArrays:
    def test_round_trip(self, client: memgrid.Client, namespace: str) -> None:
        matrix = np.random.default_rng(1).random((500, 700))
        client.allocate_memory(namespace, "m", matrix.nbytes)
        client.write_memory(namespace, "m", 0, matrix)
        assert (client.read_array(namespace, "m", float, matrix.shape) == matrix).all()
        row = np.empty(700)
        assert client.read_into(namespace, "m", row, offset=3 * 700 * 8) == row.nbytes
        assert (row == matrix[3]).all()

    def test_larger_than_one_read(self, client: memgrid.Client, namespace: str) -> None:
        array = np.arange(5 << 20, dtype=np.uint64)
        client.allocate_memory(namespace, "m", 0)
        client.stream_write_memory(namespace, "m", 0, array)
        assert (client.read_array(namespace, "m", np.uint64, len(array)) == array).all()
