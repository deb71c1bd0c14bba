"""A DDP communication hook: each bucket is averaged at once, in the thread of backward."""

# No postponed annotations: DDP compares those of a hook with its own classes.
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket

from jupyter_sdt.runtime.dataparallel.allocation import expect


def smddp_hook(group: Any, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
    """Average ``bucket`` over ``group`` (None: all ranks) without a thread of its own.

    ``ddp_model.register_comm_hook(None, smddp_hook)``. Where every core computes, a second thread
    only takes turns with backward; where cores are idle, DDP without a hook overlaps more.
    https://docs.pytorch.org/docs/stable/ddp_comm_hooks.html
    """
    gradients = bucket.buffer()
    gradients.div_(dist.get_world_size(group))
    dist.all_reduce(gradients, group=group)
    expect(gradients, group)
    done: torch.futures.Future[torch.Tensor] = torch.futures.Future()
    done.set_result(gradients)
    return done
