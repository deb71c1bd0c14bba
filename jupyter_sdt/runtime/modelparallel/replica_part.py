"""What a model offers to replicas: a hook for their exchange, uneven numbers of batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.exchange import CommHook
from jupyter_sdt.runtime.modelparallel.tensor_part import TensorPart
from jupyter_sdt.runtime.modelparallel.uneven import Uneven, check_join


class ReplicaPart(TensorPart):
    """``register_comm_hook`` and ``join``, as of torch's DistributedDataParallel."""

    def register_comm_hook(self, state: Any, callable: CommHook) -> None:  # noqa: A002
        """Let ``callable(state, bucket)`` exchange gradients; it returns a future of the result.

        ``bucket`` has the methods of torch.distributed.GradBucket. The hook does the averaging over
        replicas, and over microbatches, too. Raises DistributionError without ``ddp``, and for
        models whose gradients are exchanged in pieces.
        https://pytorch.org/docs/stable/ddp_comm_hooks.html
        """
        asked = self._execution.world.parameters
        if not asked.ddp or asked.sharded:
            raise DistributionError(
                f"model.register_comm_hook() with ddp={asked.ddp}, sharded_data_parallel_degree="
                f"{asked.sharded_data_parallel_degree}: needs 'ddp': True without sharding",
                argument="ddp",
            )
        self._execution.exchange.state, self._execution.exchange.hook = state, callable

    @contextmanager
    def join(
        self,
        divide_by_initial_world_size: bool = True,
        enable: bool = True,
        throw_on_early_termination: bool = False,
    ) -> Iterator[None]:
        """Train with other numbers of batches on other replicas: ``with model.join(): for ...``.

        A replica that leaves takes part with zeros until all have left, and then has the parameters
        of one that was there to the end. Means are over all replicas, or over those that still
        train without ``divide_by_initial_world_size``. Raises DistributionError for parameters that
        demand equal numbers.
        https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
        """
        execution = self._execution
        if enable:
            check_join(execution.world.parameters)
            execution.uneven = Uneven(
                execution.world, divide_by_initial_world_size, throw_on_early_termination
            )
        # Who has left first asks whether anybody still trains.
        execution.exchange.overlaps = not enable
        try:
            yield
            execution.finish_uneven()
        finally:
            execution.uneven, execution.exchange.overlaps = None, True
