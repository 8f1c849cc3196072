"""A gRPC server whose every answer a test decides: for what a real one does only when it is in trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from types import TracebackType
from typing import Any, NamedTuple, Self

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message

from memgrid.v1 import admin_pb2, key_value_pb2, memory_pb2

Handler = Callable[[Any, grpc.ServicerContext], Any]


class Seen(NamedTuple):
    """A request as it came, with its metadata."""

    name: str
    request: Any
    metadata: dict[str, str | bytes]


def refuse(context: grpc.ServicerContext, code: grpc.StatusCode, text: str, retry_after_ms: int | None = None) -> None:
    """Ends the call with a status."""
    if retry_after_ms is not None:
        context.set_trailing_metadata((("retry-after-ms", str(retry_after_ms)),))
    context.abort(code, text)


class Peer:
    """Serves memgrid.v1 on a free port. A method without a handler in `on` answers with an empty message."""

    def __init__(self) -> None:
        self.on: dict[str, Handler] = {}
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(200), options=[("grpc.so_reuseport", 0)])
        for file in (admin_pb2, key_value_pb2, memory_pb2):
            for service in file.DESCRIPTOR.services_by_name.values():
                handlers = {method.name: self._handler(method) for method in service.methods}
                generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
                self._server.add_generic_rpc_handlers((generic,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def requests(self, name: str) -> list[Any]:
        """The requests of one method, in the order in which they came."""
        with self._lock:
            return [seen.request for seen in self.seen if seen.name == name]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()

    def _handler(self, method: Any) -> grpc.RpcMethodHandler[Any, Any]:
        request = message_factory.GetMessageClass(method.input_type)
        answer = message_factory.GetMessageClass(method.output_type)

        def serve(asked: Any, context: grpc.ServicerContext) -> Message:
            self._note(method.name, asked, context)
            return self.on.get(method.name, lambda _asked, _context: answer())(asked, context)

        def serve_stream(asked: Any, context: grpc.ServicerContext) -> Iterator[Message]:
            self._note(method.name, asked, context)
            yield from self.on[method.name](asked, context)

        def take_stream(messages: Iterator[Message], context: grpc.ServicerContext) -> Message:
            def noted() -> Iterator[Message]:
                for message in messages:
                    self._note(method.name, message, context)
                    yield message

            return self.on[method.name](noted(), context)

        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler(take_stream, request.FromString, answer.SerializeToString)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(serve_stream, request.FromString, answer.SerializeToString)
        return grpc.unary_unary_rpc_method_handler(serve, request.FromString, answer.SerializeToString)

    def _note(self, name: str, request: Any, context: grpc.ServicerContext) -> None:
        with self._lock:
            self.seen.append(Seen(name, request, dict(context.invocation_metadata())))
