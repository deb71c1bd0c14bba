"""DistributedOptimizer: an optimizer of torch that steps with the gradients of all ranks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .adasum import adasum_optimizer
from .compression import Compression, Compressor
from .gradients import GradientReducer
from .process_sets import ProcessSet, global_process_set
from .reduction import Adasum, Average, ReduceOp, Reduction, Sum, choose_op

_NamedParameters = Iterable[tuple[str, torch.Tensor]]


class _Distributed:
    """What is laid over the class of the given optimizer."""

    _reducer: GradientReducer | None
    _loss: Reduction
    _synchronizes: bool
    _synchronized: bool
    _given: Any

    def synchronize(self) -> None:
        """Wait for the gradients of all ranks; ``.grad`` holds them afterwards."""
        if self._reducer is not None:
            self._reducer.finish()
        self._synchronized = True

    @contextmanager
    def skip_synchronize(self) -> Iterator[None]:
        """Within this context ``step`` uses the gradients that ``synchronize`` left."""
        self._synchronizes = False
        try:
            yield
        finally:
            self._synchronizes = True

    def set_backward_passes_per_step(self, passes: int) -> None:
        """Change how many backward passes a step has, from the next step on."""
        if self._reducer is not None:
            self._reducer.passes = _positive(passes)
            self._reducer.reset()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Wait for the gradients of all ranks, then step.

        With a ``closure``, gradients and loss are those of all ranks each time it is called.
        """
        optimizer: Any = super()
        self._given._opt_called = True  # a scheduler made for that one warns without it
        if closure is not None:
            return optimizer.step(lambda: self._evaluate(closure))
        if self._synchronizes:
            if self._synchronized:
                warnings.warn(
                    "step() after synchronize() reduces the gradients a second time: call it "
                    "within optimizer.skip_synchronize()",
                    stacklevel=2,
                )
            self.synchronize()
        self._synchronized = False
        return optimizer.step()

    def abandon_gradients(self) -> None:
        """Forget gradients on their way, after a failure."""
        if self._reducer is not None:
            self._reducer.abandon()
        self._synchronized = False

    def zero_grad(self, *arguments: Any, **named: Any) -> None:
        """Clear gradients. Raises AssertionError while they are on their way."""
        if self._reducer is not None and self._reducer.under_way:
            raise AssertionError(
                "zero_grad() between backward() and step() or synchronize(): gradients are on "
                "their way to the other ranks"
            )
        optimizer: Any = super()
        optimizer.zero_grad(*arguments, **named)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, whose gradients are reduced like the others'."""
        optimizer: Any = super()
        optimizer.add_param_group(param_group)
        if self._reducer is not None:
            added = self.param_groups[-1]["params"]  # type: ignore[attr-defined]
            self._reducer.watch(p for p in added if p.requires_grad)

    def _evaluate(self, closure: Callable[[], Any]) -> Any:
        loss = closure()
        self.synchronize()
        self._synchronized = False
        return self._loss.apply(loss) if isinstance(loss, torch.Tensor) else loss


def DistributedOptimizer(  # noqa: N802, PLR0913, PLR0917 - Horovod's name and signature
    optimizer: torch.optim.Optimizer,
    named_parameters: _NamedParameters | None = None,
    compression: type[Compressor] = Compression.none,
    backward_passes_per_step: int = 1,
    op: ReduceOp = Average,
    gradient_predivide_factor: float = 1.0,
    num_groups: int = 0,
    groups: Any = None,
    sparse_as_dense: bool = False,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return ``optimizer`` as one whose ``step`` uses the gradients of all ranks.

    It is an instance of the same class and shares parameters and state. Gradients travel while
    ``backward`` computes others. Over ``backward_passes_per_step`` passes they add up first.
    ``num_groups`` and ``groups`` are hints of Horovod about speed and have no effect.

    Raises ValueError for parameters named twice or not at all and for a
    ``gradient_predivide_factor`` where nothing is divided. With ``op=hvd.Adasum`` every rank steps
    by itself, and the steps are combined.
    """
    del num_groups, groups
    passes = _positive(backward_passes_per_step)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if named_parameters is not None:
        _check_names(list(named_parameters), parameters)
    if op is Adasum and gradient_predivide_factor == 1.0:
        return adasum_optimizer(optimizer, compression, process_set)
    kind = type(optimizer)
    made: Any = object.__new__(type(kind.__name__, (_Distributed, kind), {}))
    # A scheduler that was made before has put its own step into the object.
    made.__dict__.update({name: held for name, held in vars(optimizer).items() if name != "step"})
    made._given = optimizer
    made._synchronizes, made._synchronized, made._reducer = True, False, None
    made._loss = Reduction(op=Average, process_set=process_set)
    reduction = gradient_reduction(op, gradient_predivide_factor, process_set)
    if process_set.included() and process_set.size() > 1:
        made._reducer = GradientReducer(
            [p for p in parameters if p.requires_grad],
            reduction,
            compression,
            passes=passes,
            sparse_as_dense=sparse_as_dense,
        )
    return made


def gradient_reduction(op: ReduceOp, predivide: float, process_set: ProcessSet) -> Reduction:
    """How gradients are reduced. Raises ValueError."""
    if choose_op(op) not in (Average, Sum, Adasum):
        raise ValueError(f"op=hvd.{op.value}: gradients are combined by hvd.Average or hvd.Sum")
    if predivide != 1.0 and op is not Average:
        raise ValueError(
            f"gradient_predivide_factor={predivide} divides an average before and after the sum; "
            f"it cannot go with op=hvd.{op.value}"
        )
    return Reduction(
        op=op,
        prescale_factor=1.0 / predivide,
        postscale_factor=predivide,
        process_set=process_set,
    )


def _positive(passes: int) -> int:
    if passes < 1:
        raise ValueError(f"backward_passes_per_step={passes} must be at least 1")
    return passes


def _check_names(named: list[tuple[str, torch.Tensor]], parameters: list[torch.Tensor]) -> None:
    if not all(isinstance(entry, tuple) and len(entry) == 2 for entry in named):
        raise ValueError("named_parameters must be (name, parameter) pairs, as of a model")
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named_parameters: the name {', '.join(twice)} occurs more than once")
    known = {id(parameter) for _, parameter in named}
    missing = sum(id(parameter) not in known for parameter in parameters)
    if missing:
        raise ValueError(
            f"named_parameters names {len(named)} parameters, but {missing} of the optimizer's "
            "are not among them"
        )
