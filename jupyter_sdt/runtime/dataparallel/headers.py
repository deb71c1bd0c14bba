"""What a rank says that it is about to do, so that ranks which differ can be told so."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from torch._C import _distributed_c10d as c10d


def is_in_detail() -> bool:
    """Whether shapes are compared, and not only sizes: TORCH_DISTRIBUTED_DEBUG=DETAIL."""
    # torch reads the variable when it is imported: too early for ranks that are forked later.
    asked = os.environ.get("TORCH_DISTRIBUTED_DEBUG", "").upper() == "DETAIL"
    return asked or bool(c10d.get_debug_level() == c10d.DebugLevel.DETAIL)


@lru_cache(maxsize=1024)
def described(name: str, dtype: Any, sizes: tuple[tuple[int, ...], ...], op: Any) -> str:
    """The collective ``name`` of tensors of these ``sizes``, with ``op`` if any, in words."""
    shapes = " ".join("x".join(map(str, size)) or "scalar" for size in sizes[:8])
    more = f" and {len(sizes) - 8} more" if len(sizes) > 8 else ""
    how = "" if op is None else f" ({str(op).rpartition('.')[2]})"
    return f"{name}{how} of {shapes}{more} {str(dtype).removeprefix('torch.')}"
