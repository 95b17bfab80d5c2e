"""Arrays of samples as psycopg reads them."""

import struct

import numpy as np
import numpy.typing as npt
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format


class RealArrayLoader(Loader):
    """real[] as a NumPy array of float32, shape (n,): PostgreSQL's binary form is a length before each number."""

    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.float32]:
        """ValueError for an array that holds a NULL or has more than one dimension; no such is ever written."""
        dimensions, has_null = struct.unpack_from(">ii", data)
        if dimensions == 0:
            return np.empty(0, np.float32)
        if dimensions != 1 or has_null:
            raise ValueError("an array of samples has one dimension and no NULL")
        return np.frombuffer(data, ">f4", offset=20)[1::2].astype(np.float32)
