"""memgrid: shared keys and memory regions for a fleet of processes.

>>> import memgrid
>>> with memgrid.Client("127.0.0.1:50051") as client:  # doctest: +SKIP
...     client.create_namespace("app")
...     client.put_key("app", "greeting", b"hello")
...     client.get_key("app", "greeting")
"""

from memgrid import _forking as _forking  # first: before anything loads grpc
from memgrid import errors
from memgrid.client import AsyncClient, Client
from memgrid.local_server import LocalServer
from memgrid.region_file import RegionFile
from memgrid.types import Consistency, RegionId, RegionInfo, Value

__all__ = [
    "AsyncClient",
    "Client",
    "Consistency",
    "LocalServer",
    "RegionFile",
    "RegionId",
    "RegionInfo",
    "Value",
    "errors",
]
