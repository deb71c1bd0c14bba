"""``model.join()``: replicas that have run out of batches wait for the others.

As torch's DistributedDataParallel.join: who has finished takes part in the exchange of gradients
with zeros, and gets the parameters of one that went on to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
import torch.distributed as dist

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.world import World


@dataclass(slots=True)
class Uneven:
    """The rounds of one ``join()``: who of the replicas still trains."""

    world: World
    by_initial_size: bool
    throws: bool
    last: list[int] = field(default_factory=list)

    def training(self, *, here: bool) -> int:
        """How many replicas have a batch; all of them call it once a round.

        Raises RuntimeError when one has none and ``throws`` is set.
        """
        group = self.world.group("dp")
        box = torch.zeros(group.size, dtype=torch.int32, device=self.world.device)
        box[group.rank] = int(here)
        dist.all_reduce(box, group=group.process_group)
        flags: list[int] = box.tolist()
        count = sum(flags)
        if self.throws and count < group.size:
            raise RuntimeError("Detected at least one rank that exhausted inputs")
        if count:
            self.last = flags
        return count

    def factor(self, count: int) -> float:
        """By what means over all replicas are multiplied."""
        return 1.0 if self.by_initial_size or not count else self.world.group("dp").size / count

    def wait_for_others(self, shadow: Callable[[], None], tensors: Iterable[torch.Tensor]) -> None:
        """Take part in the rounds of others with ``shadow``; then get the last one's tensors."""
        while self.training(here=False):
            shadow()
        group = self.world.group("dp")
        if 0 in self.last:
            source = group.ranks[self.last.index(1)]
            for tensor in tensors:
                dist.broadcast(tensor.detach(), source, group=group.process_group)


def check_join(asked: Parameters) -> None:
    """Raise DistributionError for what replicas cannot do without each other."""
    wrong = {
        "tensor_parallel_degree": asked.tensor_parallel_degree > 1,
        "sharded_data_parallel_degree": asked.sharded,
        "shard_optimizer_state": asked.shard_optimizer_state,
        "deterministic_server": asked.deterministic_server,
        "fp16": asked.fp16,
    }
    for name, is_set in wrong.items():
        if is_set:
            raise DistributionError(
                f"model.join() with {name}={getattr(asked, name)}: all replicas must make the same "
                "number of steps; give them equal numbers of batches (drop_last=True)",
                argument=name,
            )
    if not asked.ddp:
        raise DistributionError("model.join() needs 'ddp': True", argument="ddp")
