"""A model whose gradients are the mean over all ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from jupyter_sdt.runtime.context import Context, current_context


class DistributedModel(nn.Module):
    """``module`` on this rank's device, trained by all ranks together.

    Parameters and buffers are rank 0's at the start; ``backward()`` leaves the mean of all ranks'
    gradients in ``.grad``, as in one process on the whole batch when every rank has an equal share
    of it and the loss is a mean. Forward without gradients communicates nothing, so that ranks may
    evaluate shares of different size, or one rank alone. Names of parameters and keys of
    ``state_dict()`` are those of ``module``; other attributes are passed through to it.

    Data parallelism is torch's DistributedDataParallel with gradients as views of its buckets
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html),
    with smddp our class of it, which balances them; ``options`` go there. With one rank nothing is
    wrapped. A copy or a pickle of it is one of the plain module. Raises RuntimeStateError before
    ``init()``.

    Where the job's ``distribution`` has stages (``pipeline=2``), each rank of a pipeline holds a
    part of the module, which is found in the first step. The module is then called within
    :meth:`train_step` and :meth:`evaluate_step` only, by functions that run on the first stage;
    parameters of other ranks are there, without elements. With ``tensor=2`` layers are divided
    among ranks, with ``shard=2`` parameters, gradients and optimizer state are
    (torch.distributed.tensor.DTensor): then the optimizer is made after the model.
    """

    def __init__(self, module: nn.Module, context: Context | None = None, **options: Any) -> None:
        super().__init__()
        place = current_context() if context is None else context
        self.module = module
        # Hidden from nn.Module, where they would show every parameter a second time.
        object.__setattr__(self, "_parallel", None)
        object.__setattr__(self, "_staged", None)
        if place.layout is not None:
            object.__setattr__(self, "_staged", _steps().divide(module))
            return
        module.to(place.device)
        trainable = any(parameter.requires_grad for parameter in module.parameters())
        parallel = None
        if place.world_size > 1 and trainable:
            devices = [place.device] if place.device.type == "cuda" else None
            settings = {"device_ids": devices, "gradient_as_bucket_view": True, **options}
            parallel = _data_parallel(place)(self.module, **settings)
        object.__setattr__(self, "_parallel", parallel)

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module; with gradients on, prepare their exchange."""
        if self._staged is not None:
            return _steps().staged_call(self._staged, arguments, named)
        parallel = self._parallel if torch.is_grad_enabled() else None
        return (self.module if parallel is None else parallel)(*arguments, **named)

    def train_step(self, function: Callable[..., Any], *batch: Any) -> Any:
        """Leave the gradients of one batch in ``.grad``; return what ``function`` returned.

        ``function(*batch)`` calls the model and returns the loss, or a tuple that begins with it,
        or a dictionary with ``"loss"``. It runs once for each of the job's ``microbatches``, with
        tensors of ``batch`` split along axis 0. Losses come back as their mean, other scalars,
        too, and tensors of a batch as one. With stages all ranks call it; ``function`` runs on the
        first, and every rank gets the result.

        Raises SpecError for a batch that cannot be split, and for a function without a loss.
        """
        if self._staged is not None:
            return _steps().staged_step(self._staged, function, batch, train=True)
        return _steps().local_step(function, batch, self.no_sync)

    def evaluate_step(self, function: Callable[..., Any], *batch: Any) -> Any:
        """Return what ``function(*batch)`` returns, as :meth:`train_step`, without gradients."""
        if self._staged is not None:
            return _steps().staged_step(self._staged, function, batch, train=False)
        return _steps().local_step(function, batch, None)

    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0) -> torch.Tensor:
        """Scale gradients to a norm of at most ``max_norm`` over the whole model; return the norm.

        Where the model is divided all ranks call it. Raises RuntimeStateError there unless the
        optimizer was made with :meth:`with_optimizer`.
        """
        if self._staged is not None:
            norm: torch.Tensor = _steps().clip_whole(max_norm, norm_type)
            return norm
        return nn.utils.clip_grad_norm_(self.module.parameters(), max_norm, norm_type)

    def no_sync(self) -> AbstractContextManager[None]:
        """Within this context gradients only add up on each rank (gradient accumulation)."""
        if self._parallel is None:
            return nullcontext()
        synced: AbstractContextManager[None] = self._parallel.no_sync()
        return synced

    def train(self, mode: bool = True) -> DistributedModel:
        """Switch the module between training and evaluation."""
        super().train(mode)
        if self._parallel is not None:
            self._parallel.training = mode
        return self

    def state_dict(  # type: ignore[override]  # torch's overloads, passed through as they are
        self, *arguments: Any, **named: Any
    ) -> dict[str, Any]:
        """The module's own, without a prefix; with stages the whole one, if all ranks call it."""
        holder = self.module if self._staged is None else self._staged
        state: dict[str, Any] = holder.state_dict(*arguments, **named)
        return state

    def load_state_dict(self, *arguments: Any, **named: Any) -> Any:
        """Load what the plain module's ``state_dict()`` gave."""
        holder = self.module if self._staged is None else self._staged
        return holder.load_state_dict(*arguments, **named)

    @property
    def is_spread(self) -> bool:
        """Whether each rank holds a part only, so that all must call :meth:`state_dict`."""
        return self._staged is not None

    def with_optimizer(self, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Return what takes the place of ``optimizer``, whose parameters are this model's.

        That is ``optimizer`` itself, or with stages one whose ``state_dict()`` is the whole
        model's, if all ranks call it.
        """
        return optimizer if self._staged is None else _steps().spread_optimizer(optimizer)

    def named_parameters(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """The module's own, without a prefix."""
        return self.module.named_parameters(*arguments, **named)

    def named_buffers(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, torch.Tensor]]:
        """The module's own, without a prefix."""
        return self.module.named_buffers(*arguments, **named)

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles are of the plain module: they have no part in the exchange.
        return _itself, (self.module,)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":
                raise
            return getattr(self.module, name)


def _steps() -> Any:
    # Only where a script takes such a step: model parallelism is a good deal of code.
    return import_module("jupyter_sdt.runtime.train_steps")


def _data_parallel(place: Context) -> Any:
    if place.process_backend == "smddp":
        return import_module("jupyter_sdt.runtime.dataparallel").DistributedDataParallel
    return DistributedDataParallel


def _itself(module: nn.Module) -> nn.Module:
    return module
