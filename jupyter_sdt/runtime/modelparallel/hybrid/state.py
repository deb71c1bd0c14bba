"""Where this process stands in a job of version 2: ``torch.sagemaker.state``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.context import choose_backend, join_process_group
from jupyter_sdt.runtime.modelparallel.hybrid.configuration import Configuration
from jupyter_sdt.runtime.modelparallel.hybrid.groups import Group, Groups
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment
from jupyter_sdt.spec.hybrid_degrees import HybridDegrees

# Of experts that lie one below the other, a peer has some.
EXPERTS = TensorSlice(axis=0)
_TIMEOUT = timedelta(minutes=30)


@dataclass(slots=True)
class Hybrid:
    """One job: its configuration, its groups, and which parameters of models are divided.

    ``slices`` tells for names of parameters what part of them each tensor peer holds, ``experts``
    which of them hold experts, of which each expert peer has some.
    """

    configuration: Configuration
    degrees: HybridDegrees
    device: torch.device
    groups: Groups
    slices: dict[str, TensorSlice] = field(default_factory=dict)
    experts: set[str] = field(default_factory=set)

    @property
    def peers(self) -> Peers:
        """Tensor peers; all of them are given the same batch."""
        return _peers(self.groups.tensor, prescaled=True)

    @property
    def divisions(self) -> list[tuple[dict[str, TensorSlice], Peers]]:
        """Which parameters are slices among which peers: a slice of experts is one of some."""
        some = dict.fromkeys(self.experts, EXPERTS)
        return [(self.slices, self.peers), (some, self.expert_peers)]

    @property
    def context_peers(self) -> Peers:
        """Ranks that are given parts of the same sequences."""
        return _peers(self.groups.context)

    @property
    def expert_peers(self) -> Peers:
        """Ranks with batches of their own that hold all experts together."""
        return _peers(self.groups.experts)


def _peers(group: Group, *, prescaled: bool = False) -> Peers:
    return Peers(
        rank=group.rank, size=group.size, process_group=group.process_group, prescaled=prescaled
    )


_hybrid: Hybrid | None = None


def start(configuration: Configuration) -> Hybrid:
    """Join the job and make its groups. A second call returns what the first one made.

    All ranks call it together. torch.distributed is initialised unless the script has done so.
    Raises DistributionError when the degrees do not divide the number of ranks.
    """
    global _hybrid
    if _hybrid is None:
        _hybrid = _joined(configuration)
    return _hybrid


def current() -> Hybrid:
    """The job. Raises RuntimeStateError before :func:`start`."""
    if _hybrid is None:
        raise RuntimeStateError(
            "torch.sagemaker.init() was not called: call it once, before anything else of "
            "torch.sagemaker"
        )
    return _hybrid


def is_started() -> bool:
    """Whether :func:`start` was called."""
    return _hybrid is not None


def _joined(configuration: Configuration) -> Hybrid:
    place = process_environment()
    degrees = HybridDegrees.of(configuration.as_mapping(), place.world_size)
    device = _device(place)
    if not dist.is_initialized():
        backend = "gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl"
        join_process_group(place, backend, _TIMEOUT)
    return Hybrid(configuration, degrees, device, Groups(degrees, device))


def _device(place: ProcessEnvironment) -> torch.device:
    """Scripts set the device themselves; who forgets must not put every rank on the first GPU."""
    if choose_backend(None, place) != "nccl":
        return torch.device("cpu")
    torch.cuda.set_device(place.local_rank)
    return torch.device("cuda", place.local_rank)


def group_for(tensor: torch.Tensor) -> Any:
    """The group of all ranks in which ``tensor`` can travel from where it lies."""
    return current().groups.mail if tensor.device.type == "cpu" else dist.group.WORLD
