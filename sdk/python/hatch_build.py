"""Generates the messages of memgrid.v1 from the .proto files into the wheel; nothing generated is committed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProtoBuildHook(BuildHookInterface):  # type: ignore[misc, type-arg]  # hatchling has no types where mypy runs
    """Puts `memgrid/v1/*_pb2.py` and their stubs into a wheel, and the .proto files into a source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the archive is written; `force_include` maps files on disk to places in the archive."""
        protos = self._proto_root()
        if self.target_name == "sdist":
            build_data["force_include"][str(protos / "memgrid")] = "proto/memgrid"
            return
        self._generated = tempfile.TemporaryDirectory(prefix="memgrid-proto-")
        out = Path(self._generated.name)
        _generate(protos, out)
        for file in sorted(out.rglob("*.py*")):
            build_data["force_include"][str(file)] = file.relative_to(out).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the archive is complete."""
        if hasattr(self, "_generated"):
            self._generated.cleanup()

    def _proto_root(self) -> Path:
        """`proto` of the checkout, or of the unpacked source distribution."""
        here = Path(self.root)
        for candidate in (here.parent.parent / "proto", here / "proto"):
            if (candidate / "memgrid" / "v1").is_dir():
                return candidate
        raise FileNotFoundError(f"no proto/memgrid/v1 beside {here}: build from a checkout or a source distribution")


def _generate(protos: Path, out: Path) -> None:
    from grpc_tools import protoc

    sources = [str(path) for path in sorted((protos / "memgrid" / "v1").glob("*.proto"))]
    arguments = ["protoc", f"-I{protos}", f"--python_out={out}", f"--pyi_out={out}", *sources]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc failed: " + " ".join(arguments))
    for stub in out.rglob("*.pyi"):  # protoc leaves the mapping bare, which strict checkers refuse
        stub.write_text(stub.read_text().replace("_Mapping]", "_Mapping[str, object]]"))
    (out / "memgrid" / "v1" / "__init__.py").write_text('"""Messages of the gRPC package memgrid.v1, generated."""\n')
