"""``hvd.elastic.ElasticSampler``: a share of the data that leaves out what was processed before."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sized
from typing import Any

from torch.utils.data import Sampler

from ..basics import rank, size


class ElasticSampler(Sampler[int]):
    """Divides what an epoch has left of ``dataset`` among all ranks, equally many each.

    Tell it what was processed with :meth:`record_batch`, and keep it in the state,
    ``TorchState(model, optimizer, sampler=sampler)``: after a failure training goes on with the
    samples that nobody has processed since the last commit. A few are drawn twice where the rest
    does not divide. https://horovod.readthedocs.io/en/stable/api.html#horovod.torch.elastic
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int = 0) -> None:
        self.dataset, self.shuffle, self.seed, self.epoch = dataset, shuffle, seed, 0
        self.processed_indices: set[int] = set()
        self.remaining_indices: list[int] = []
        self.reset()

    def set_epoch(self, epoch: int) -> None:
        """Begin ``epoch``: all samples are there again, in another order."""
        self.epoch = epoch
        self.processed_indices = set()
        self.reset()

    def record_batch(self, batch_idx: int, batch_size: int) -> None:
        """Tell that this rank has processed its batch number ``batch_idx`` since the last reset."""
        self.record_indices(set(self.get_indices(batch_idx, batch_size)))

    def record_indices(self, indices: set[int]) -> None:
        """Tell that this rank has processed these samples."""
        self.processed_indices.update(indices)

    def get_indices(self, batch_idx: int, batch_size: int) -> list[int]:
        """The samples of this rank's batch number ``batch_idx``."""
        start = batch_idx * batch_size
        return self.indices[start : start + batch_size]

    def reset(self) -> None:
        """Divide what is left anew, among the ranks there are now."""
        left = [n for n in range(len(self.dataset)) if n not in self.processed_indices]
        if self.shuffle:
            # No secret, and the same on all ranks.
            random.Random(f"{self.seed} {self.epoch}").shuffle(left)  # noqa: S311
        self.remaining_indices = left
        self.num_samples = math.ceil(len(left) / size())
        self.total_size = self.num_samples * size()
        whole = (left * math.ceil(self.total_size / max(len(left), 1)))[: self.total_size]
        self.indices = whole[rank() :: size()]

    def state_dict(self) -> dict[str, Any]:
        """What has to be kept."""
        return {"epoch": self.epoch, "processed_indices": set(self.processed_indices)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what was kept, and divide the rest anew."""
        self.epoch = state_dict["epoch"]
        self.processed_indices = set(state_dict["processed_indices"])
        self.reset()

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return self.num_samples
