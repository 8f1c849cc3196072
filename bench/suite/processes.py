"""Servers that are measured: started on free ports, their CPU and memory read, ended with the block."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parents[2] / "build"
PROGRAMS = BUILD / "bench"


@dataclass
class Server:
    """A process that answers on `address`."""

    name: str
    pid: int
    address: str
    log: Path
    ready: dict[str, str] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """What all its threads have run so far."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def rss_bytes(self) -> int:
        match = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text(), re.M)
        assert match
        return int(match[1]) * 1024


@contextmanager
def running(name: str, command: list[str], ready: str, folder: Path) -> Iterator[Server]:
    """Starts `command` and waits for its line `ready NAME=HOST:PORT ...`; `ready` is the NAME that is measured."""
    log = folder / f"{name}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        addresses = dict(re.findall(r"(\w+)=(\S+)", line))
        if ready not in addresses:
            raise RuntimeError(f"{name} did not start: {line!r} {log.read_text()[-2000:]}")
        yield Server(name, process.pid, addresses[ready], log, addresses)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def memgridd(store: str, folder: Path, *, filesize: str = "4G", settings: str = "") -> Iterator[Server]:
    """Our server. `store` is memory, shadow or device; its data lies in `folder`, so that a second start finds it."""
    size = f'data-size = "{filesize}"' if store == "memory" else f'file = "{folder}/shadow.0"\nfilesize = "{filesize}"'
    commit = "commit-to-device = true\n" if store == "device" else ""
    config = folder / "memgrid.toml"
    config.write_text(f"[store.default]\n{size}\n{commit}{settings}\n")
    command = [BUILD / "bin" / "memgridd", "--config", config, "--data-dir", folder / "data"]
    command += ["--grpc", "127.0.0.1:0", "--http", "off"]
    with running(f"memgridd-{store}", [str(word) for word in command], "grpc", folder) as server:
        load(server, op="create", connections=1, outstanding=1, measured=False)
        yield server


@contextmanager
def grpcpp() -> Iterator[Server]:
    with scratch() as folder, running("grpc++", [str(PROGRAMS / "grpcpp_peer")], "grpc", folder) as server:
        yield server


@contextmanager
def bare_layer() -> Iterator[Server]:
    """Our gRPC layer, answering a fixed value without an engine."""
    with scratch() as folder, running("layer", [str(PROGRAMS / "layer_peer")], "grpc", folder) as server:
        yield server


@contextmanager
def bare_tcp() -> Iterator[Server]:
    with scratch() as folder, running("tcp", [str(PROGRAMS / "tcp_peer"), "server"], "tcp", folder) as server:
        yield server


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that is measured (beside the build, not in memory)."""
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=BUILD))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _json_of(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def load(server: Server, *, measured: bool = True, fill: bool = False, **options: object) -> dict[str, Any]:
    """One run of the gRPC load generator. Calls that fail end the measurement unless `measured` is off."""
    command = [str(PROGRAMS / "grpc_load"), "--address", server.address, "--server-pid", str(server.pid)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    result = _json_of(command + (["--fill"] if fill else []))
    if measured and result["failed"]:
        raise RuntimeError(f"{server.name}: {result['failed']} of {result['calls']} calls failed: {result['error']}")
    return result


def tcp_load(server: Server, **options: object) -> dict[str, Any]:
    command = [str(PROGRAMS / "tcp_peer"), "load", "--address", server.address, "--server-pid", str(server.pid)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return _json_of(command)
