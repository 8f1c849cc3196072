"""Makes a method made from a plan look like one written by hand: to `help`, editors and `inspect`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


def as_method(method: _Method, plan: Callable[..., Any]) -> _Method:
    """`method` under the plan's name, with its documentation and its parameters, `self` in place of the session."""
    functools.update_wrapper(method, plan)
    signature = inspect.signature(plan)
    _, *parameters = signature.parameters.values()
    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    shown = signature.return_annotation
    if isinstance(shown, str) and shown.startswith("Plan["):
        shown = shown.removeprefix("Plan[").removesuffix("]")
    method.__signature__ = signature.replace(parameters=[me, *parameters], return_annotation=shown)  # type: ignore[attr-defined]
    return method
