"""torch.sagemaker.distributed.checkpoint.state_dict_saver: checkpoints written in the background.

The state is copied before ``async_save`` returns; a thread writes the copy, with a process group of
its own, so that training goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch.distributed as dist
from torch.distributed.checkpoint.staging import BlockingAsyncStager
from torch.distributed.checkpoint.state_dict_saver import save as _save

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.folders import PublishingWriter, folder_of
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.local_states import packed
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.planners import SliceSavePlanner


@dataclass(slots=True)
class _Writing:
    """What is on its way to the disk, in order; ``begun`` counts the calls of this process."""

    executor: ThreadPoolExecutor | None = None
    futures: dict[int, Future[Any]] = field(default_factory=dict)
    begun: int = 0
    groups: dict[tuple[int, ...], Any] = field(default_factory=dict)

    def start(self, action: Any) -> Future[Any]:
        """Let the one thread do it after what waits already."""
        if self.executor is None:
            self.executor = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        future = self.executor.submit(action)
        self.futures[self.begun] = future
        self.begun += 1
        return future


_writing = _Writing()


def save(
    state_dict: dict[str, Any],
    *,
    checkpoint_id: Any = None,
    storage_writer: Any = None,
    planner: Any = None,
    process_group: Any = None,
    coordinator_rank: int = 0,  # noqa: ARG001 - the documented signature
    **_: Any,
) -> None:
    """Write ``state_dict`` into the folder ``checkpoint_id``; all ranks call it together.

    What was being written before comes first. Slices of tensor peers become whole tensors on disk,
    which any other number of ranks can read. A checkpoint that is cut off never replaces a good
    one. Raises SpecError without a folder or writer.
    """
    maybe_finalize_async_calls(blocking=True)
    _action(state_dict, checkpoint_id, storage_writer, planner, process_group)()


def async_save(
    state_dict: dict[str, Any],
    *,
    checkpoint_id: Any = None,
    storage_writer: Any = None,
    planner: Any = None,
    process_group: Any = None,
    coordinator_rank: int = 0,  # noqa: ARG001
    **_: Any,
) -> Future[Any]:
    """Do what :func:`save` does in the background, with a copy of ``state_dict`` made now.

    Who ends without :func:`maybe_finalize_async_calls` waits for it at the end of the process.
    """
    staged = BlockingAsyncStager().stage(packed(state_dict))
    return _writing.start(_action(staged, checkpoint_id, storage_writer, planner, process_group))


def maybe_finalize_async_calls(blocking: bool = False, process_group: Any = None) -> list[int]:  # noqa: ARG001
    """Return the numbers of the calls of :func:`async_save` that are complete since the last time.

    With ``blocking`` it waits for all. Raises what went wrong in the background.
    """
    done = [number for number, f in _writing.futures.items() if blocking or f.done()]
    for number in done:
        _writing.futures.pop(number).result()
    return done


def _action(given: Any, checkpoint_id: Any, writer: Any, planner: Any, process_group: Any) -> Any:
    group = _own_group(process_group)
    here = state.current()
    if writer is None:
        writer = PublishingWriter(folder_of(checkpoint_id))
    if planner is None and spans_peers(process_group):
        planner = SliceSavePlanner(here.divisions)
    content = packed(given)
    return lambda: _save(content, storage_writer=writer, planner=planner, process_group=group)


def _own_group(process_group: Any) -> Any:
    """A group of the same ranks that nothing else uses, made by those ranks alone."""
    ranks = tuple(_ranks_of(process_group))
    if ranks not in _writing.groups:
        _writing.groups[ranks] = dist.new_group(
            list(ranks), backend="gloo", use_local_synchronization=True
        )
    return _writing.groups[ranks]


def spans_peers(process_group: Any) -> bool:
    """Whether this rank's tensor and expert peers are all among those of ``process_group``."""
    groups = state.current().groups
    peers = {*groups.tensor.ranks, *groups.experts.ranks}
    return peers <= set(_ranks_of(process_group))


def _ranks_of(process_group: Any) -> Iterator[int]:
    group = dist.group.WORLD if process_group is None else process_group
    yield from dist.get_process_group_ranks(group)
