"""What a virtual device says about itself: its name, its capability, its share of the memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.runtime.virtual_cuda import virtual_device_count
from jupyter_sdt.runtime.virtual_cuda.devices import index_of

# An A100's: scripts that look at it choose bfloat16, which CPUs are fast at, too.
_CAPABILITY = (8, 0)
_NAME = "jupyter_sdt virtual CUDA device"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualDeviceProperties:
    """What ``torch.cuda.get_device_properties`` returns; memory in bytes."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int = 32
    max_threads_per_multi_processor: int = 2048
    regs_per_multiprocessor: int = 65536
    is_integrated: bool = True
    is_multi_gpu_board: bool = False
    # Inductor makes it a part of the name of what it has compiled.
    gcnArchName: str = _NAME  # noqa: N815 - torch's name for it


def device_memory() -> int:
    """Bytes of memory of each device: an equal share of the machine's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return machine // virtual_device_count()


# torch.cuda's own, under their names.


def get_device_properties(device: Any = None) -> VirtualDeviceProperties:
    """Everything about a device at once."""
    index_of(device)
    major, minor = _CAPABILITY
    return VirtualDeviceProperties(
        name=_NAME,
        major=major,
        minor=minor,
        total_memory=device_memory(),
        multi_processor_count=max((os.cpu_count() or 1) // virtual_device_count(), 1),
    )


def get_device_name(device: Any = None) -> str:
    """The device's name."""
    return get_device_properties(device).name


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability: that of an A100."""
    index_of(device)
    return _CAPABILITY


def is_bf16_supported(including_emulation: bool = True) -> bool:  # noqa: ARG001 - torch's signature
    """Whether bfloat16 computes: on a CPU it does."""
    return True


def is_tf32_supported() -> bool:
    """Whether there is TensorFloat-32: there is not."""
    return False


def get_arch_list() -> list[str]:
    """The architectures that torch was built for."""
    return [f"sm_{_CAPABILITY[0]}{_CAPABILITY[1]}"]


def get_gencode_flags() -> str:
    """The compiler's flags for them."""
    return " ".join(
        f"-gencode compute={a.replace('sm', 'compute')},code={a}" for a in get_arch_list()
    )


def utilization(device: Any = None) -> int:
    """Percent of time that the device computes: not known."""
    index_of(device)
    return 0


NAMES = (
    *("get_device_properties", "get_device_name", "get_device_capability", "is_bf16_supported"),
    *("is_tf32_supported", "get_arch_list", "get_gencode_flags", "utilization"),
)
