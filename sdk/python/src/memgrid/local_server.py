"""A private server for tests and experiments."""

from __future__ import annotations

import functools
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from memgrid.errors import Unavailable

Store = Literal["memory", "shadow", "device"]

_READY: Final = re.compile(r"(\w+)=(\S+)")
#: Longest tail of the server's log that an error shows.
_TAIL_LINES: Final = 20


def find_server() -> str:
    """The program `memgridd`: MEMGRIDD, else the wheel's, else bin/ beside the environment, else the PATH's."""
    named = os.environ.get("MEMGRIDD")
    if named:
        return named
    for folder in (Path(__file__).parent / "_bin", Path(sys.prefix).parent / "bin"):
        if os.access(folder / "memgridd", os.X_OK):
            return str(folder / "memgridd")
    found = shutil.which("memgridd")
    if found is None:
        raise FileNotFoundError("memgridd: not found; set MEMGRIDD to the program, or put it on the PATH")
    return found


class LocalServer:
    """A server on free ports of 127.0.0.1 that ends with the `with` block.

    `store`: "memory" (the default: gone with the server), "shadow" or "device". `data_dir`: where it keeps its files;
    by default a temporary folder, removed at the end. `args`: further arguments of memgridd, which win over what this
    class would say (`--grpc`, `--http`, …). `env`: added to its environment.
    """

    def __init__(
        self,
        store: Store = "memory",
        *,
        data_dir: str | os.PathLike[str] | None = None,
        args: Sequence[str] = (),
        program: str | None = None,
        env: Mapping[str, str] | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        self._program = program
        self._store = store
        self._args = list(args)
        self._env = dict(env or {})
        self._start_timeout = start_timeout
        self._temporary = tempfile.TemporaryDirectory(prefix="memgrid-") if data_dir is None else None
        self.data_dir: Final = Path(self._temporary.name if self._temporary else os.fspath(data_dir or ""))
        self._addresses: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile(prefix="memgrid-log-")  # noqa: SIM115  # closed by close()
        self._finalizer: weakref.finalize[[], LocalServer] | None = None

    @property
    def address(self) -> str:
        """HOST:PORT of gRPC."""
        return self._addresses["grpc"]

    @property
    def http_address(self) -> str:
        """HOST:PORT of HTTP."""
        return self._addresses["http"]

    @property
    def pid(self) -> int:
        """The process. RuntimeError if it is not running."""
        return self._running().pid

    def start(self) -> None:
        """Starts it and waits until it is ready. A second start, after `stop` or `kill`, is on the same ports."""
        if self._process is not None:
            raise RuntimeError("the server is running")
        command = [self._program or find_server(), *self._arguments()]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, env={**os.environ, **self._env}
        )
        self._finalizer = weakref.finalize(self, functools.partial(_kill, self._process))
        try:
            self._addresses = self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 20.0) -> int:
        """Ends it in order (SIGTERM), or after `timeout` seconds by force. Returns its exit code; 0 is in order."""
        process = self._running()
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
        return self._reap(process)

    def kill(self) -> int:
        """Ends it at once (SIGKILL), as a crash would. Returns its exit code."""
        process = self._running()
        process.send_signal(signal.SIGKILL)
        return self._reap(process)

    def restart(self) -> None:
        """`stop` and `start`."""
        self.stop()
        self.start()

    def log(self) -> str:
        """What it has written to standard error, over all its starts."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def close(self) -> None:
        """Ends it if it is running, and removes its temporary folder."""
        if self._process is not None:
            self.stop()
        self._log.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process

    def _arguments(self) -> list[str]:
        defaults = {
            "--store": self._store,
            "--data-dir": str(self.data_dir),
            "--grpc": self._addresses.get("grpc", "127.0.0.1:0"),
            "--http": self._addresses.get("http", "127.0.0.1:0"),
            "--redis": "off",
        }
        given = {argument.split("=", 1)[0] for argument in self._args}
        arguments = [word for name, value in defaults.items() if name not in given for word in (name, value)]
        return arguments + self._args

    def _reap(self, process: subprocess.Popen[bytes]) -> int:
        code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if self._finalizer is not None:
            self._finalizer.detach()
        self._process = None
        return code

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        assert process.stdout is not None
        deadline = time.monotonic() + self._start_timeout
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise Unavailable(f"memgridd: not ready within {self._start_timeout:g} s\n{self._tail()}")
            byte = os.read(process.stdout.fileno(), 4096)
            if not byte:
                raise Unavailable(f"memgridd: ended with exit code {process.wait()}\n{self._tail()}")
            line += byte
        text = line.decode("utf-8", "replace").strip()
        if not text.startswith("ready "):
            raise Unavailable(f'memgridd: "ready ..." was expected, not "{text}"')
        return dict(_READY.findall(text))

    def _tail(self) -> str:
        return "\n".join(self.log().splitlines()[-_TAIL_LINES:])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a server whose LocalServer was forgotten, or whose program ends."""
    if process.poll() is None:
        process.kill()
        process.wait()
