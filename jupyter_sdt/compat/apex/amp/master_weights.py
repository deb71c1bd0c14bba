"""Models in 16 bits (O2, O3): casting them, and 32-bit copies of weights for the optimizer."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_NORMS = (nn.modules.batchnorm._BatchNorm,)


def cast_model(model: nn.Module, *, keep_batchnorm: bool) -> None:
    """Make a model compute in float16: what goes in is cast, what comes out is 32 bits again."""
    model.half()
    if keep_batchnorm:
        for module in model.modules():
            if isinstance(module, _NORMS):
                module.float()
    forward = model.forward

    def cast_forward(*arguments: Any, **named: Any) -> Any:
        result = forward(*cast(arguments, torch.float16), **cast(named, torch.float16))
        return cast(result, torch.float32)

    model.forward = cast_forward


def cast(value: Any, dtype: torch.dtype) -> Any:
    """``value`` with every floating-point tensor in it in ``dtype``."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: cast(item, dtype) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(cast(item, dtype) for item in value)
    return value


def step_master_weights(optimizer: Any) -> None:
    """Let an optimizer step 32-bit copies of the 16-bit weights it has; gradients go there too."""
    pairs: list[tuple[nn.Parameter, nn.Parameter]] = []
    for group in optimizer.param_groups:
        group["params"] = [_master(parameter, pairs) for parameter in group["params"]]
    optimizer._amp_pairs = pairs
    forget, step = optimizer.zero_grad, optimizer.step

    def zero_grad(*arguments: Any, **named: Any) -> None:
        forget(*arguments, **named)
        for weight, _ in pairs:
            weight.grad = None

    def step_and_copy(*arguments: Any, **named: Any) -> Any:
        result = step(*arguments, **named)
        with torch.no_grad():
            for weight, master in pairs:
                weight.copy_(master)
        return result

    optimizer.zero_grad, optimizer.step = zero_grad, step_and_copy


def gather_gradients(optimizer: Any) -> None:
    """Move the gradients of 16-bit weights to their copies; added to what is there already."""
    for weight, master in getattr(optimizer, "_amp_pairs", ()):
        if weight.grad is not None:
            gradient = weight.grad.float()
            master.grad = gradient if master.grad is None else master.grad + gradient
            weight.grad = None


def _master(
    parameter: nn.Parameter, pairs: list[tuple[nn.Parameter, nn.Parameter]]
) -> nn.Parameter:
    if parameter.dtype != torch.float16:
        return parameter
    copy = nn.Parameter(parameter.detach().clone().float(), requires_grad=parameter.requires_grad)
    pairs.append((parameter, copy))
    return copy
