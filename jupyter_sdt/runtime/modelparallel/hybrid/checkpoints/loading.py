"""torch.sagemaker.distributed.checkpoint.state_dict_loader: into any number of shards and peers."""

from __future__ import annotations

from typing import Any

from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import load as _load

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.folders import folder_of, readable
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.local_states import (
    asked_for,
    check_ranks,
    unpack,
)
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.planners import SliceLoadPlanner
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.saving import (
    maybe_finalize_async_calls,
    spans_peers,
)


def load(
    state_dict: dict[str, Any],
    *,
    checkpoint_id: Any = None,
    storage_reader: Any = None,
    planner: Any = None,
    process_group: Any = None,
    **_: Any,
) -> None:
    """Read a checkpoint into ``state_dict``, in place; all ranks call it together.

    The degrees may be others than when it was written. Raises FileNotFoundError when there is no
    complete checkpoint.
    """
    maybe_finalize_async_calls(blocking=True)
    here = state.current()
    if storage_reader is None:
        storage_reader = FileSystemReader(readable(folder_of(checkpoint_id)))
    if planner is None and spans_peers(process_group):
        planner = SliceLoadPlanner(here.divisions)
    asked = asked_for(state_dict)
    check_ranks(asked, storage_reader.read_metadata().state_dict_metadata)
    _load(asked, storage_reader=storage_reader, planner=planner, process_group=process_group)
    unpack(asked, state_dict)
