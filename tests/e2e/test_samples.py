"""The published samples run as they are. Only the address is another, and what they take for granted is there."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import memgrid
import primatomic

FOLDER = Path(__file__).parent / "samples"
ADDRESSES = ("your-workspace.primatomic.com:443", "localhost:50051")


class BufferFull(Exception):
    """What the circular buffer raises."""


@pytest.fixture
def app(client: memgrid.Client) -> Iterator[memgrid.Client]:
    """The namespace of the samples, with nothing in it."""
    client.create_namespace("myapp")
    yield client
    for key in client.list_keys("myapp"):
        client.delete_key("myapp", key)
    for region in client.list_memory_regions("myapp"):
        client.free_memory("myapp", region)


async def run(sample: str, address: str, **names: Any) -> dict[str, Any]:
    """Executes a sample, with `await` where it stands; returns the names that it leaves."""
    text = (FOLDER / f"{sample}.py").read_text()
    for published in ADDRESSES:
        text = text.replace(published, address)
    code = compile(text, f"{sample}.py", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names.update(os=os, asyncio=asyncio, struct=struct, BufferFull=BufferFull)
    if inspect.isawaitable(running := eval(code, names)):
        await running
    return names


@pytest.fixture
def address(server: memgrid.LocalServer) -> str:
    return server.address


def test_keys(app: memgrid.Client, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    app.put_key("myapp", "user:123:profile", "Zoë".encode())
    app.put_key("myapp", "counter", b"41")
    names = asyncio.run(run("key_value", address))
    assert names["success"] is True
    assert app.get_key("myapp", "counter") == b"42"
    assert app.get_key("myapp", "session:abc123") == b"user_data"
    assert capsys.readouterr().out == "Zoë\nFound user key: user:123:profile\n"


def test_memory_first_steps(
    app: memgrid.Client, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = asyncio.run(run("memory_first_steps", address))
    assert names["region_id"] == "shared_buffer"
    assert capsys.readouterr().out == (
        "Header: 42, Payload: Hello, distributed world!\nRegion size: 1048576 bytes, used: 29 bytes\n"
    )


def test_files_go_up_and_come_down(app: memgrid.Client, address: str, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "up").write_bytes(content)

    async def main() -> None:
        async with primatomic.Client(address) as client:
            names = await run("memory_files", address, client=client)
            await names["upload_large_file"](tmp_path / "up", "file")
            await names["download_region"]("file", tmp_path / "down")

    asyncio.run(main())
    assert (tmp_path / "down").read_bytes() == content


def test_the_circular_buffer(app: memgrid.Client, address: str) -> None:
    async def main() -> None:
        async with primatomic.Client(address) as client:
            names = await run("memory_circular_buffer", address, client=client)
            buffer = names["SharedCircularBuffer"](client, "myapp", "ring", 8)
            await buffer.initialize()
            for turn in range(8):
                await buffer.push(bytes([turn]))
            with pytest.raises(BufferFull):
                await buffer.push(b"x")

    asyncio.run(main())
    assert app.read_memory("myapp", "ring", 0, 24) == struct.pack("!IIII", 0, 0, 8, 8) + bytes(
        range(8)
    )


def test_listing_and_resizing(
    app: memgrid.Client, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, size, used in (("cache:a", 10, 3), ("other", 10, 0), ("growing_dataset", 100, 90)):
        app.allocate_memory("myapp", name, size)
        app.write_memory("myapp", name, 0, bytes(used))
    app.allocate_memory("myapp", "temporary_buffer", 1)

    async def main() -> None:
        async with primatomic.Client(address) as client:
            await run("memory_list_and_resize", address, client=client)

    asyncio.run(main())
    assert app.describe_memory("myapp", "growing_dataset").size == 200
    assert "temporary_buffer" not in app.list_memory_regions("myapp")
    assert capsys.readouterr().out == (
        "Region cache:a: 10 bytes allocated, 3 bytes used\nResized region to 200 bytes\n"
    )


def test_concurrent_writes(app: memgrid.Client, address: str) -> None:
    content = os.urandom(20 << 20)

    async def main() -> None:
        async with primatomic.Client(address) as client:
            names = await run("memory_concurrent_write", address, client=client)
            await client.allocate_memory("myapp", "bulk", len(content))
            await names["optimized_write"]("bulk", content)

    asyncio.run(main())
    assert b"".join(app.stream_read_memory("myapp", "bulk")) == content
