"""Saying that nothing is offloaded where no module is checkpointed."""

from __future__ import annotations

import warnings
from typing import Any

import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.activations.offloading import offloader


def tell_of_nothing_offloaded(*_: object) -> None:
    """Warn once, on rank 0, if ``offload_activations`` has had nothing to do in the first step.

    The stages of a pipeline call it together: what a stage recomputes it alone may know.
    SageMaker's guide wants checkpointing for at least one module:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-parallel-extended-features-pytorch-activation-offloading.html
    """
    here = offloader()
    if not here.on or here.checked:
        return
    here.checked = True
    if not _on_any_stage(here.used) and world.current().rank == 0:
        warnings.warn(
            "offload_activations=True has nothing to do: it keeps the inputs of checkpointed "
            "modules in the memory of the CPU, and no module was checkpointed in the first step; "
            "call smp.set_activation_checkpointing(module) for the modules whose activations are "
            "large, or leave offload_activations out",
            stacklevel=2,
        )


def _on_any_stage(answer: bool) -> bool:
    stages = world.current().group("pp")
    answers: list[Any] = [answer] * stages.size
    if stages.size > 1:
        dist.all_gather_object(answers, answer, group=stages.process_group)
    return any(answers)
