"""Making tensors in shared memory, for those who want AllReduce to happen where they lie."""

from __future__ import annotations

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel.node_memory import node_memory


def shared_zeros(
    *size: int, dtype: torch.dtype = torch.float32, group: dist.ProcessGroup | None = None
) -> torch.Tensor:
    """Zeros of this rank that the other ranks of its node can see, too.

    ``all_reduce`` over ``group`` (None: all ranks) combines such a tensor, and any contiguous part
    of it, in place, without a copy into shared memory and out of it. All ranks of the group must
    call this together, as a collective. Where memory cannot be shared, with another backend or too
    small a /dev/shm, the tensor is an ordinary one and everything else the same.
    """
    tensor = torch.zeros(size, dtype=dtype)
    share(tensor, group)
    return tensor


def share(tensor: torch.Tensor, group: dist.ProcessGroup | None = None) -> bool:
    """Move a CPU tensor, with all its views, into shared memory; False where it cannot be.

    All ranks must call this together. Addresses that NumPy or C hold of it become invalid.
    """
    node = node_memory(group)
    return node is not None and tensor.is_cpu and node.share(tensor)


def expect(tensor: torch.Tensor, group: dist.ProcessGroup | None = None) -> None:
    """Tell that ``tensor`` is kept and will be reduced again: the next time it moves as by share.

    Ranks need not agree: it moves when all have said so. For buffers whose address nobody else has.
    """
    node = node_memory(group)
    if node is not None and tensor.is_cpu:
        node.expect(tensor)
