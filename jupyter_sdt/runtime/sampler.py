"""The share of a data set that belongs to this rank."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

from torch.utils.data import DistributedSampler as TorchSampler

from jupyter_sdt.runtime.context import Context, current_context


class DistributedSampler(TorchSampler[Any]):
    """torch's DistributedSampler that goes on to the next epoch by itself.

    Each pass shuffles differently without ``set_epoch()``: the epoch counts up when a pass begins,
    which every rank does equally often. ``set_epoch(n)`` still works, for resuming.

    ``pad=False`` leaves the data as it is, for evaluation: no sample is seen twice, and ranks may
    get shares that differ by one. By default samples are repeated (or dropped, ``drop_last``) so
    that all shares are equal, which training needs.

    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler
    """

    def __init__(
        self,
        dataset: Sized,
        context: Context | None = None,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        pad: bool = True,
    ) -> None:
        place = current_context() if context is None else context
        super().__init__(
            dataset,  # type: ignore[arg-type]  # torch asks for Dataset and uses its length
            num_replicas=place.data_shares,
            rank=place.data_share,
            shuffle=shuffle,
            seed=seed,
            drop_last=drop_last and pad,
        )
        if not pad:
            # What is cut off is what torch would have repeated.
            self.num_samples = len(range(place.data_share, len(dataset), place.data_shares))
        self._next_epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be that of ``epoch``, counted from 0."""
        self._next_epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        self.epoch, self._next_epoch = self._next_epoch, self._next_epoch + 1
        share = self.num_samples
        self.num_samples = self.total_size // self.num_replicas
        try:
            indices = list(super().__iter__())
        finally:
            self.num_samples = share
        return iter(indices[:share])
