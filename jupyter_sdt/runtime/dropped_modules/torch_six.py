"""torch._six, which torch had until 1.13: names for what differed between Python 2 and 3."""

import collections.abc as container_abcs
import queue
from math import inf, nan

PY3 = True
PY37 = True
string_classes = (str, bytes)
int_classes = int
FileNotFoundError = FileNotFoundError  # noqa: A001, PLW0127 - the module's name for it

__all__ = [
    "PY3",
    "PY37",
    "FileNotFoundError",
    "container_abcs",
    "inf",
    "int_classes",
    "nan",
    "queue",
    "string_classes",
]
