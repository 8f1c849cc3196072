"""The first Python block of the SDK's README runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import memgrid
from conftest import ROOT


def test_the_readmes_first_block_runs(server: memgrid.LocalServer) -> None:
    text = (ROOT / "sdk" / "python" / "README.md").read_text()
    block = re.search(r"```python\n(.*?)```", text, re.S)
    assert block is not None
    environment = {**os.environ, "MEMGRID_ENDPOINT": server.address}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", block[1]],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.stderr == ""
        assert done.stdout.splitlines() == [
            "b'hello' True ['greeting']",
            "b'shared'",
            done.stdout.splitlines()[-1],
        ]
        assert done.stdout.splitlines()[-1].startswith(
            "RegionInfo(size=1073741824, data_length=4115"
        )
