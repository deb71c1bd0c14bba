"""What the step function of a microbatch returns, here and on the other stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from jupyter_sdt.errors import StageError
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Done
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.packing import pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import (
    RemoteTensor,
    is_remote,
    resolved,
)
from jupyter_sdt.runtime.modelparallel.pipeline.sending import Post
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


def finished(returned: Any, modules: Modules, *, detach: bool) -> Any:
    """The same with tensors of other stages brought here; ``detach`` keeps no graph."""
    packed = pack(returned, modules.numbers, "the result of the step function")
    for tensor in packed.tensors:
        _wait_for(tensor)  # before anything is entered, so that others can run meanwhile
    with torch.set_grad_enabled(torch.is_grad_enabled() and not detach):
        tensors = [
            resolved(tensor) if isinstance(tensor, RemoteTensor) else tensor
            for tensor in packed.tensors
        ]
    if detach:
        tensors = [tensor.detach() for tensor in tensors]
    return unpack(packed.skeleton, tensors, modules.modules)


def _wait_for(tensor: torch.Tensor) -> None:
    while isinstance(tensor, RemoteTensor) and tensor.looks_at is not None:
        tensor = tensor.looks_at[1][0]
    if isinstance(tensor, RemoteTensor) and is_remote(tensor):
        tensor.value()


def tell(post: Post, results: list[Any], modules: Modules, *, went_back: bool) -> None:
    """Tell all other stages what the step function returned, and whether it went back."""
    as_call = tuple(results), {"went_back": went_back}  # which is packed fast
    packed = pack(as_call, modules.numbers, "the result of the step function")
    tensors = [tensor.detach() for tensor in packed.tensors]
    for stage in range(1, len(post.connections.ranks)):
        post.connections.send(stage, Done(post.step, packed.skeleton), tensors)


def told(done: Done, tensors: Sequence[torch.Tensor], modules: Modules) -> tuple[list[Any], bool]:
    """What the first stage told."""
    results, named = unpack(done.skeleton, tensors, modules.modules)
    return list(results), named["went_back"]


def check_surprises(task: Task, modules: Modules) -> None:
    """Raise StageError where a form proved wrong after backward, which cannot be done again."""
    if task.went_back:
        names = sorted({modules.names[number] for number in task.surprises})
        raise StageError(
            f"the result of {', '.join(names)}, called after model.backward(), had another "
            "form than for equal arguments before: call model.backward() last",
            stage=task.post.connections.stage,
        )
