"""What belongs to the one script a rank runs: its model, its optimizer, what waits for partition.

``smp.state`` is :data:`state`. Who makes the model calls :meth:`ScriptState.set_model` when it is
made, and :meth:`ScriptState.announce_partition` once every rank holds its own parameters and no
others, before the script's post-partition hooks run. Optimizers and checkpoints wait for that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.activations.unused import tell_of_nothing_offloaded
from jupyter_sdt.runtime.modelparallel.hugging_face import adapt_trainer
from jupyter_sdt.runtime.modelparallel.parameters import Parameters

# (from ours to Hugging Face's, from Hugging Face's to ours): each takes and returns a state_dict.
Translation = tuple[Callable[..., Any], Callable[..., Any]]


@dataclass(slots=True)
class Translations:
    """State dictionaries of replaced modules, both ways; transformers reads the list."""

    translate_functions: list[Translation] = field(default_factory=list)
    num_attention_heads: int | None = None  # of the model that was replaced last


class ScriptState:
    """The state of one script.

    ``partition_to_restore`` is what a checkpoint says about the stage of each module; a model that
    is about to be partitioned follows it. ``optimizer_state_to_load`` waits for an optimizer.
    ``undivided`` are modules that are to be recomputed, which they are as a whole or not at all.
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.optimizer: Any = None
        self.module_manager = Translations()
        self.partition_to_restore: Mapping[str, int] | None = None
        self.optimizer_state_to_load: Mapping[str, Any] | None = None
        self.undivided: set[nn.Module] = set()
        self._partitioned = False
        self._waiting: list[Callable[[], object]] = []

    @property
    def cfg(self) -> Parameters:
        """The parameters in force. Raises RuntimeStateError before ``smp.init()``."""
        return world.current().parameters

    @property
    def partitioned(self) -> bool:
        """Whether each rank of the model has its own parameters."""
        return self._partitioned

    @property
    def loss_scale(self) -> float:
        """What a loss is multiplied by before backward: above 1 with fp16 only."""
        return float(getattr(self.optimizer, "loss_scale", 1.0))

    def set_model(self, model: Any) -> None:
        """Make ``model`` the script's. Raises RuntimeStateError for a second one."""
        if self.model is not None and self.model is not model:
            raise RuntimeStateError(
                "a second smp.DistributedModel was made; a script can have one: put several "
                "networks into one torch.nn.Module and wrap that"
            )
        self.model = model
        self.when_partitioned(lambda: model.register_post_step_hook(tell_of_nothing_offloaded))
        adapt_trainer(self._module)

    def _module(self) -> nn.Module:
        module: nn.Module = self.model.get_module()
        return module

    def when_partitioned(self, action: Callable[[], object]) -> None:
        """Call ``action`` once the model is partitioned; at once if it is."""
        if self._partitioned:
            action()
        else:
            self._waiting.append(action)

    def announce_partition(self) -> None:
        """Say that the model is partitioned, and do what waited for it, in the order it came."""
        self._partitioned = True
        while self._waiting:
            self._waiting.pop(0)()

    def log(self, text: str) -> None:
        """Say something about the whole job, once: rank 0 writes to stderr."""
        if world.current().rank == 0:
            sys.stderr.write(f"jupyter_sdt: {text}\n")


state = ScriptState()
