"""``smp.DistributedModel``: a model whose modules lie on several ranks."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import model_state
from jupyter_sdt.runtime.modelparallel.execution import Execution, Options
from jupyter_sdt.runtime.modelparallel.half_layer import HalfLayer, half_type, lower_distributed
from jupyter_sdt.runtime.modelparallel.original_forward import keep_original_forward
from jupyter_sdt.runtime.modelparallel.partitioning import Tracing
from jupyter_sdt.runtime.modelparallel.replica_layer import ReplicaLayer
from jupyter_sdt.runtime.modelparallel.replica_part import ReplicaPart
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.tensor.replacing import distribute

Hook = Callable[[Any, Any], object]
Tensors = torch.Tensor | Sequence[torch.Tensor]
_OUTSIDE = (
    "{what} outside of smp.step: with pipeline parallelism the model runs only inside a function "
    "that is decorated with @smp.step"
)


class DistributedModel(ReplicaPart):
    """``module``, trained by all ranks of the job together; one for each script.

    Calls and ``backward`` belong into a function under ``@smp.step``; with one pipeline stage they
    may stand outside, too. The model is partitioned in the first step: then parameters of other
    stages have no elements here. Names of parameters and keys of states are those of ``module``;
    other attributes are passed through to it. ``self.module`` is the script's module; data
    parallelism and half precision put a layer each before it, so that it becomes
    ``self.module.module`` and so on; :meth:`get_module` returns it in any case.

    Arguments that concern GPUs or torch's DistributedDataParallel alone are accepted and have no
    effect. Raises RuntimeStateError before ``smp.init()`` and for a second model.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
    """

    def __new__(cls, module: nn.Module | None = None, *_: Any, **__: Any) -> DistributedModel:
        """Return what was made of ``module`` before, if it was: transformers wraps it twice."""
        made = state.model
        if isinstance(made, cls) and (made.get_module() is module or made._given() is module):
            return made
        return super().__new__(cls)

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's arguments, in its order
        self,
        module: nn.Module,
        trace_device: str = "gpu",  # noqa: ARG002
        trace_execution_times: bool = False,
        overlapping_allreduce: bool = True,  # noqa: ARG002
        backward_passes_per_step: int = 1,
        average_grads_across_microbatches: bool = True,
        bucket_cap_mb: float = 25,
        trace_memory_usage: bool = False,
        broadcast_buffers: bool = True,  # noqa: ARG002
        gradient_as_bucket_view: bool = False,  # noqa: ARG002
        find_unused_parameters: bool = False,  # noqa: ARG002
    ) -> None:
        if state.model is self:
            return
        super().__init__()
        here = world.current()
        self._hide(_given=weakref.ref(module))  # transformers knows what was replaced
        module = distribute(module)
        if here.parameters.fp16_params:
            lower_distributed(module)
        keep_original_forward(module)
        dtype = half_type(here.parameters)
        inner = module if dtype is None else HalfLayer(module, dtype)
        self.module = ReplicaLayer(inner) if here.parameters.ddp else inner
        options = Options(
            tracing=Tracing(execution_times=trace_execution_times, memory_usage=trace_memory_usage),
            average_microbatches=average_grads_across_microbatches,
            backward_passes=backward_passes_per_step,
            bucket_bytes=int(bucket_cap_mb * 2**20),
        )
        state.set_model(self)
        self._hide(_execution=Execution(here, module, options), _user_module=module)
        self._hide(_partition_hooks=OrderedDict(), _step_hooks=OrderedDict(), _stepped=False)
        if self.partitioned:
            state.announce_partition()

    def _hide(self, **attributes: Any) -> None:
        """Keep attributes out of nn.Module's registers."""
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def get_module(self) -> nn.Module:
        """The script's module."""
        module: nn.Module = self._user_module
        return module

    @property
    def partitioned(self) -> bool:
        """Whether each rank has its own parameters, and no others."""
        return self._execution.placement is not None

    @property
    def is_tracing(self) -> bool:
        """Whether the step function runs to find out what modules cost."""
        return self._execution.tracing is not None

    @property
    def callable_now(self) -> bool:
        """Whether the model may be called here: in a step, or anywhere with one stage."""
        return bool(self._execution.callable_now)

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module. Raises RuntimeStateError where it cannot run."""
        if not self._execution.callable_now:
            raise RuntimeStateError(_OUTSIDE.format(what="the model was called"))
        return self.module(*arguments, **named)

    def backward(self, tensors: Tensors, grad_tensors: Any = None) -> None:
        """Add the gradients of ``tensors`` to those of the parameters.

        They are averaged over microbatches, unless the model was made otherwise. It must reach
        everything that the microbatch computed, and is called once for each. Raises
        RuntimeStateError where the model cannot run.
        """
        if not self._execution.callable_now:
            raise RuntimeStateError(_OUTSIDE.format(what="model.backward() was called"))
        given = [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)
        if grad_tensors is None or isinstance(grad_tensors, torch.Tensor):
            grad_tensors = [grad_tensors] * len(given)
        self._execution.backward(given, list(grad_tensors))

    def run_step(
        self, run: Callable[[int], Any], microbatches: int, *, detach: bool = False
    ) -> list[Any]:
        """What ``smp.step`` does: ``run`` every microbatch on the first stage.

        All ranks call it and get what each microbatch returned; ``detach`` says that nobody will
        want gradients of that.
        """
        if not self.partitioned:
            self._execution.partition(run)
            state.announce_partition()
            self._call_hooks(self._partition_hooks)
        results: list[Any] = self._execution.run_step(run, microbatches, detach=detach)
        if not self._stepped:
            self._hide(_stepped=True)
            self._call_hooks(self._step_hooks)
        return results

    def finish_exchange(self) -> None:
        """Average gradients of fewer passes than ``backward_passes_per_step``; optimizers ask."""
        self._execution.finish_exchange()

    def register_post_partition_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(model, optimizer)`` once the model is partitioned; at once if it is."""
        return self._register(hook, self._partition_hooks, due=self.partitioned)

    def register_post_step_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(model, optimizer)`` after the first step; at once if that is over."""
        return self._register(hook, self._step_hooks, due=self._stepped)

    def _register(self, hook: Hook, hooks: Any, *, due: bool) -> RemovableHandle:
        handle = RemovableHandle(hooks)
        if due:
            hook(self, state.optimizer)
        else:
            hooks[handle.id] = hook
        return handle

    def _call_hooks(self, hooks: Any) -> None:
        for hook in list(hooks.values()):
            hook(self, state.optimizer)

    def named_parameters(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """The module's own, without a prefix; those of other stages have no elements."""
        return self.get_module().named_parameters(*arguments, **named)

    def named_buffers(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, torch.Tensor]]:
        """The module's own, without a prefix."""
        return self.get_module().named_buffers(*arguments, **named)

    def local_state_dict(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Parameters and buffers of this rank, marked with ``"_smp_is_partial": True``."""
        return model_state.local_state(self._parts("local_state_dict"))

    def state_dict(  # type: ignore[override]  # torch's overloads end in a dictionary, too
        self, gather_to_rank0: bool = False, **__: Any
    ) -> dict[str, Any]:
        """The whole model's state on the CPU; all ranks of one model call it.

        With ``gather_to_rank0`` the others get an empty dictionary.
        """
        if not self.partitioned:
            return self.get_module().state_dict()
        return model_state.whole_state(self._parts("state_dict"), gather_to_rank0=gather_to_rank0)

    def load_state_dict(
        self,
        state_dict: Mapping[str, Any],
        strict: bool = True,
        same_partition_load: bool = False,
    ) -> None:
        """Load a partial or a whole state, now or as soon as the model is partitioned."""

        def load() -> None:
            model_state.load(
                self._parts("load_state_dict"),
                state_dict,
                strict=strict,
                same_partition_load=same_partition_load,
            )

        state.when_partitioned(load)

    def to(self, *arguments: Any, **named: Any) -> Any:
        """Nothing before the partition, which moves parameters to this rank's device."""
        return super().to(*arguments, **named) if self.partitioned else self

    def cuda(self, device: Any = None) -> Any:
        """As :meth:`to`."""
        return super().cuda(device) if self.partitioned else self

    def _parts(self, what: str) -> model_state.ModelParts:
        placement = self._placement(what)
        return model_state.ModelParts(
            module=placement.module,
            is_local=placement.is_local,
            stage_of=placement.stage_of,
            world=self._execution.world,
        )

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name in {"module", "_user_module", "_given"}:
                raise
            return getattr(self._user_module, name)
