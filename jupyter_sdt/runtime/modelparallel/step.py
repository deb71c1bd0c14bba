"""``smp.step``: a function that runs once for each microbatch."""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from jupyter_sdt.errors import RuntimeStateError, SpecError, did_you_mean
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.splitting import Split, split
from jupyter_sdt.runtime.modelparallel.step_output import combine

Function = Callable[..., Any]


def step(
    function: Function | None = None,
    /,
    *,
    non_split_inputs: Collection[str] | None = None,
    input_split_axes: Mapping[str, int] | None = None,
    detach_outputs: bool = True,
) -> Any:
    """Decorate a function that calls the model and ``model.backward``: ``@smp.step``.

    Tensors in its arguments are split along axis 0, or the axis that ``input_split_axes`` names,
    but for arguments in ``non_split_inputs``. Called by all ranks, it runs on the first stage of
    the pipeline; the arguments of the other ranks do not matter. Each tensor in what it returns
    becomes a :class:`StepOutput`, on all ranks; anything else a list of one entry a microbatch.

    Raises SpecError for names that are no arguments of the function.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
    """

    def decorate(function: Function) -> StepFunction:
        return StepFunction(
            function,
            non_split_inputs=frozenset(non_split_inputs or ()),
            input_split_axes=dict(input_split_axes or {}),
            detach_outputs=detach_outputs,
        )

    return decorate if function is None else decorate(function)


class StepFunction:
    """A decorated function. An object, so that in a class body it does not become a method."""

    def __init__(
        self,
        function: Function,
        *,
        non_split_inputs: Collection[str],
        input_split_axes: Mapping[str, int],
        detach_outputs: bool,
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._signature = inspect.signature(function)
        self._whole, self._axes = non_split_inputs, input_split_axes
        self._detach = detach_outputs
        self._check_names()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Run a step; all ranks call it."""
        here = world.current()
        model = state.model
        if model is None:
            raise RuntimeStateError(
                "a function under @smp.step was called before smp.DistributedModel was made; "
                "wrap the model first"
            )
        count = here.parameters.microbatches
        split_arguments = self._divided(arguments, named, count) if here.stage == 0 else {}

        def run(number: int) -> Any:
            own = OrderedDict((name, values[number]) for name, values in split_arguments.items())
            bound = inspect.BoundArguments(self._signature, own)
            return self._function(*bound.args, **bound.kwargs)

        return combine(model.run_step(run, count, detach=self._detach), detach=self._detach)

    def _divided(
        self, arguments: tuple[Any, ...], named: dict[str, Any], count: int
    ) -> dict[str, list[Any]]:
        """What each microbatch gets, by the name of the argument."""
        bound = self._signature.bind(*arguments, **named)
        return {name: self._split(name, value, count) for name, value in bound.arguments.items()}

    def _split(self, name: str, value: Any, count: int) -> list[Any]:
        if self._signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            entries = {key: self._split_one(key, entry, count) for key, entry in value.items()}
            return [{key: part[n] for key, part in entries.items()} for n in range(count)]
        return self._split_one(name, value, count)

    def _split_one(self, name: str, value: Any, count: int) -> list[Any]:
        if name in self._whole:
            return [value] * count
        return split(value, Split(argument=name, count=count, axis=self._axes.get(name, 0)))

    def _check_names(self) -> None:
        known = self._signature.parameters
        if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
            return
        for option, names in (("non_split_inputs", self._whole), ("input_split_axes", self._axes)):
            for name in names:
                if name not in known:
                    raise SpecError(
                        f"{option} names {name!r}, which is no argument of "
                        f"{self._function.__name__}({', '.join(known)})"
                        f"{did_you_mean(name, known)}",
                        argument=option,
                    )
