"""Memory statistics: what this process has taken since virtual CUDA began, from the system.

Tensors and everything else share the memory, so the figures are real but not of tensors alone.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from jupyter_sdt.runtime.virtual_cuda.devices import index_of
from jupyter_sdt.runtime.virtual_cuda.properties import device_memory

_STATUS = Path("/proc/self/status")
_MEMORY = Path("/proc/meminfo")
# Writing 5 there sets the peak to the present value: proc(5).
_RESET = Path("/proc/self/clear_refs")


# https://pytorch.org/docs/stable/generated/torch.cuda.memory.memory_stats.html
_TAKEN = ("allocated_bytes", "reserved_bytes", "active_bytes", "requested_bytes")
_KINDS = (*_TAKEN, "inactive_split_bytes", "allocation", "segment", "active", "inactive_split")
_POOLS, _VALUES = ("all", "large_pool", "small_pool"), ("current", "peak", "allocated", "freed")
_COUNTED = (
    *(".".join(words) for words in product(_KINDS, _POOLS, _VALUES)),
    *(".".join(words) for words in product(("oversize_allocations", "oversize_segments"), _VALUES)),
    *("num_alloc_retries", "num_ooms", "num_sync_all_streams", "num_device_alloc"),
    *("num_device_free", "max_split_size"),
)


def _kilobytes(file: Path, name: str) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


class _Baseline:
    """What the process had before the script's first tensor, in bytes."""

    def __init__(self) -> None:
        self.taken = _kilobytes(_STATUS, "VmRSS") * 1024


_baseline = _Baseline()


def begin() -> None:
    """Count from here."""
    _baseline.taken = _kilobytes(_STATUS, "VmRSS") * 1024
    reset_peak_memory_stats()


def _since_baseline(name: str) -> int:
    return max(_kilobytes(_STATUS, name) * 1024 - _baseline.taken, 0)


# torch.cuda's own, under their names. Allocated and reserved are the same here.


def memory_allocated(device: Any = None) -> int:
    """Bytes taken now."""
    index_of(device)
    return _since_baseline("VmRSS")


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes taken since the start or the last reset."""
    index_of(device)
    return max(_since_baseline("VmHWM"), memory_allocated(device))


def memory_reserved(device: Any = None) -> int:
    """Bytes taken now."""
    return memory_allocated(device)


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes taken since the start or the last reset."""
    return max_memory_allocated(device)


def memory_cached(device: Any = None) -> int:
    """Bytes taken now, by an older name."""
    return memory_allocated(device)


def max_memory_cached(device: Any = None) -> int:
    """The most bytes taken, by an older name."""
    return max_memory_allocated(device)


def reset_peak_memory_stats(device: Any = None) -> None:
    """The most bytes taken are those of now."""
    index_of(device)
    with contextlib.suppress(OSError):
        _RESET.write_text("5")


def reset_max_memory_allocated(device: Any = None) -> None:
    """The same, by an older name."""
    reset_peak_memory_stats(device)


def reset_max_memory_cached(device: Any = None) -> None:
    """The same, by an older name."""
    reset_peak_memory_stats(device)


def reset_accumulated_memory_stats(device: Any = None) -> None:
    """Nothing accumulates."""
    index_of(device)


def empty_cache() -> None:
    """Give back what can be: only Python's garbage."""
    gc.collect()


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Bytes free and in all, of a device."""
    index_of(device)
    return min(_kilobytes(_MEMORY, "MemAvailable") * 1024, device_memory()), device_memory()


def memory_stats(device: Any = None) -> dict[str, int]:
    """CUDA's statistics by their names; 0 what only an allocator of its own would count."""
    now, most = memory_allocated(device), max_memory_allocated(device)
    values = {"current": now, "peak": most, "allocated": most, "freed": most - now}
    stats = dict.fromkeys(_COUNTED, 0)
    for kind, (name, value) in product(_TAKEN, values.items()):
        stats |= {f"{kind}.{pool}.{name}": value for pool in ("all", "large_pool")}
    return stats


def memory_stats_as_nested_dict(device: Any = None) -> dict[str, Any]:
    """The same, one dictionary for each part of a name."""
    nested: dict[str, Any] = {}
    for name, value in memory_stats(device).items():
        *parents, last = name.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:  # noqa: ARG001 - torch's
    """The statistics as lines of text."""
    stats = memory_stats(device)
    known = [name for name in stats if name.startswith(_TAKEN) and ".all." in name]
    rows = [f"| {name:<34} | {stats[name]:>16} |" for name in known]
    return "\n".join([f"| virtual CUDA device {index_of(device)}", *rows])


def memory_snapshot(mempool_id: Any = None) -> list[dict[str, Any]]:  # noqa: ARG001 - torch's
    """The allocator's segments: there is no allocator."""
    return []


def list_gpu_processes(device: Any = None) -> str:
    """The processes that compute on a device."""
    return f"GPU:{index_of(device)}\nno processes are running"


def memory_usage(device: Any = None) -> int:
    """Percent of the device's memory that is taken."""
    return round(100 * memory_allocated(device) / device_memory())


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Accepted: the system gives out memory. Raises ValueError outside 0 to 1."""
    index_of(device)
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")


def host_memory_stats() -> dict[str, int]:
    """Statistics of the allocator of pinned memory: there is none."""
    return {}


def get_allocator_backend() -> str:
    """Which allocator gives out memory, by the name that scripts expect."""
    return "native"


def _record_memory_history(*_arguments: Any, **_options: Any) -> None:
    """Accepted: without an allocator there is no history."""


def _snapshot(*_arguments: Any, **_options: Any) -> dict[str, list[Any]]:
    """What ``_dump_snapshot`` writes: no segments, no history."""
    return {"segments": [], "device_traces": []}


@contextlib.contextmanager
def caching_allocator_disabled() -> Iterator[None]:
    """There is no caching allocator."""
    yield


NAMES = (
    *("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"),
    *("memory_cached", "max_memory_cached", "reset_peak_memory_stats", "memory_stats"),
    *("reset_max_memory_allocated", "reset_max_memory_cached", "reset_accumulated_memory_stats"),
    *("empty_cache", "mem_get_info", "memory_stats_as_nested_dict", "memory_summary"),
    *("memory_snapshot", "list_gpu_processes", "set_per_process_memory_fraction", "memory_usage"),
    *("caching_allocator_disabled", "host_memory_stats", "get_allocator_backend"),
    *("_record_memory_history", "_snapshot"),
)
