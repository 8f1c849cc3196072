"""numpy arrays, for those who have numpy: it is imported when the first array is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def new_array(dtype: npt.DTypeLike, shape: int | tuple[int, ...]) -> np.ndarray[Any, np.dtype[Any]]:
    """An array that is still to be filled. TypeError for a type that is more than bytes."""
    import numpy as np

    array = np.empty(shape, dtype)
    if array.dtype.hasobject:
        raise TypeError(f"dtype: {array.dtype} holds Python objects, which have no bytes")
    return array
