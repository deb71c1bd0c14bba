"""Initialising a model while FSDP wraps it, so that no rank ever holds more than one whole layer.

The model is made on the meta device. Each module gets random numbers of its own, from the job's
seed and the module's name: values are the same however many ranks share the model.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.buffers import buffers_of, whole_buffers
from jupyter_sdt.runtime.modelparallel.hybrid.experts.slices import (
    holds_experts,
    join_experts,
    slice_experts,
    some_experts,
)
from jupyter_sdt.runtime.modelparallel.hybrid.layers import DividedLinear
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

Initialise = Callable[[nn.Module], object]


class DelayedParamIniter:
    """Makes and initialises what of ``model`` lies on the meta device, module by module.

    Values are those of the model's own ``_init_weights`` (Hugging Face) or of each module's
    ``reset_parameters``; ``init_method_using_config``, a function of one module, replaces them.
    ``verbose`` writes a line for each module. Raises SpecError without a model.
    https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
    """

    def __init__(
        self,
        model: nn.Module,
        init_method_using_config: Initialise | None = None,
        verbose: bool = False,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise SpecError(
                f"model={type(model).__name__} must be a torch.nn.Module", argument="model"
            )
        self._model, self._verbose = model, verbose
        self._initialise = init_method_using_config or _own_initialisation(model)
        self._count = sum(map(_whole_size, model.parameters()))  # before FSDP leaves shards
        self._names = {module: name for name, module in model.named_modules()}
        # Parameter on the meta device -> the one that took its place, where modules share it.
        self._made: dict[nn.Parameter, nn.Parameter] = {}
        self._buffers: dict[str, torch.Tensor] | None = None

    def get_param_init_fn(self) -> Initialise:
        """The function for FSDP's ``param_init_fn``."""
        return self._materialise

    def get_post_param_init_fn(self) -> Initialise:
        """The function for FSDP's ``post_param_init_fn``: makes what FSDP did not ask for."""

        def finish(module: nn.Module) -> None:
            for part in module.modules():
                self._materialise(part)

        return finish

    def count_num_params(self) -> int:
        """The number of parameters of the whole model, shared ones once."""
        return self._count

    @contextmanager
    def validate_params_and_buffers_inited(self) -> Iterator[None]:
        """Raise RuntimeStateError at the end of the block if anything is still on meta."""
        yield
        tensors = [*self._model.named_parameters(), *self._model.named_buffers()]
        if left := [name for name, tensor in tensors if tensor.is_meta]:
            raise RuntimeStateError(
                f"not initialised: {', '.join(left[:5])} ({len(left)} in all) are on the meta "
                "device; give FSDP param_init_fn=initer.get_param_init_fn()"
            )

    def _materialise(self, module: nn.Module) -> None:
        own = dict(module.named_parameters(recurse=False))
        missing = {name: parameter for name, parameter in own.items() if parameter.is_meta}
        self._fill_buffers(module)
        for name, parameter in missing.items():
            if parameter in self._made:
                setattr(module, name, self._made[parameter])
        if all(parameter in self._made for parameter in missing.values()):
            return
        with self._random_numbers_of(module):
            _make(module, self._initialise)
        self._made |= {parameter: getattr(module, name) for name, parameter in missing.items()}
        self._tell(module)

    def _fill_buffers(self, module: nn.Module) -> None:
        for name, buffer in buffers_of(module).items():
            if not buffer.is_meta:
                continue
            if self._buffers is None:
                self._buffers = whole_buffers(self._model)
            full = f"{self._names.get(module, '')}.{name}".lstrip(".")
            if full in self._buffers:
                found = self._buffers[full].to(state.current().device, buffer.dtype)
                setattr(module, name, found.clone())

    @contextmanager
    def _random_numbers_of(self, module: nn.Module) -> Iterator[None]:
        here = state.current()
        text = f"{here.configuration.random_seed} {self._names.get(module, '')}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2
        devices = [here.device] if here.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            yield

    def _tell(self, module: nn.Module) -> None:
        if self._verbose:
            sys.stderr.write(f"initialised {self._names.get(module, type(module).__name__)}\n")


def _whole_size(parameter: nn.Parameter) -> int:
    here = state.current()
    tensor = here.peers.size if slice_of(parameter) is not None else 1
    return parameter.numel() * tensor * (here.expert_peers.size if some_experts(parameter) else 1)


def _make(module: Any, initialise: Initialise) -> None:
    device = state.current().device
    if isinstance(module, DividedLinear):
        twin = module.whole_twin(device)
        initialise(twin)
        module.take_slices(dict(twin.named_parameters()))
    elif holds_experts(module):
        join_experts(module, device)
        initialise(module)
        slice_experts(module)
    else:
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.is_meta:
                content = torch.empty_like(parameter, device=device)
                setattr(module, name, nn.Parameter(content, parameter.requires_grad))
        initialise(module)


def _own_initialisation(model: Any) -> Initialise:
    """Hugging Face's for its models, else torch's."""
    theirs = getattr(model, "_init_weights", None)
    if theirs is None:
        return _reset

    @torch.no_grad()
    def initialise(module: nn.Module) -> None:
        """Older versions leave alone what the constructor of a module has made."""
        own = [p for p in module.parameters(recurse=False) if p.is_floating_point()]
        for parameter in own:
            parameter.fill_(torch.nan)
        theirs(module)
        if any(parameter.numel() and parameter.isnan().all() for parameter in own):
            _as_constructed(module)

    return initialise


def _as_constructed(module: nn.Module) -> None:
    if not type(module).__name__.endswith("Norm"):
        _reset(module)
        return
    for name, parameter in module.named_parameters(recurse=False):
        parameter.fill_(0.0 if name == "bias" else 1.0)


def _reset(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if reset is None:
        raise SpecError(
            f"model: {type(module).__name__} has parameters and no reset_parameters(); give "
            "DelayedParamIniter(model, init_method_using_config=function of a module)",
            argument="model",
        )
    reset()
