"""What the step function of a microbatch returns."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.errors import StageError
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.packing import pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, resolved
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


def finished(returned: Any, modules: Modules, *, detach: bool) -> Any:
    """The same with tensors of other stages brought here; ``detach`` keeps no graph."""
    packed = pack(returned, modules.numbers, "the result of the step function")
    with torch.set_grad_enabled(torch.is_grad_enabled() and not detach):
        tensors = [
            resolved(tensor) if isinstance(tensor, RemoteTensor) else tensor
            for tensor in packed.tensors
        ]
    if detach:
        tensors = [tensor.detach() for tensor in tensors]
    return unpack(packed.skeleton, tensors, modules.modules)


def check_surprises(task: Task, modules: Modules) -> None:
    """Raise StageError where a form proved wrong after backward, which cannot be done again."""
    if task.went_back:
        names = sorted({modules.names[number] for number in task.surprises})
        raise StageError(
            f"the result of {', '.join(names)}, called after model.backward(), had another "
            "form than for equal arguments before: call model.backward() last",
            stage=task.post.connections.stage,
        )
