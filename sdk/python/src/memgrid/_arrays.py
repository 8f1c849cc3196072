"""numpy arrays, for those who have numpy: it is imported when the first array is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def new_array(dtype: npt.DTypeLike, shape: int | tuple[int, ...]) -> tuple[np.ndarray[Any, np.dtype[Any]], memoryview]:
    """An array that is still to be filled, and its bytes to fill it through."""
    import numpy as np

    array = np.empty(shape, dtype)
    if array.dtype.hasobject:
        raise TypeError(f"dtype: {array.dtype} holds Python objects, which have no bytes")
    if array.nbytes == 0:
        return array, memoryview(bytearray())
    return array, array.reshape(-1).view(np.uint8).data
