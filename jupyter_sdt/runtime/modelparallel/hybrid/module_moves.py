"""Moving parts of models between devices: torch.sagemaker.utils.module_utils."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def empty_module_params(module: nn.Module, device: Any, recurse: bool = False) -> nn.Module:
    """Give ``module`` parameters of undefined values on ``device``, and return it.

    Its buffers stay. With ``recurse`` its children get them as well.
    """
    for part in module.modules() if recurse else (module,):
        for name, parameter in part.named_parameters(recurse=False):
            content = torch.empty_like(parameter, device=device)
            made = nn.Parameter(content, requires_grad=parameter.requires_grad)
            vars(made).update(vars(parameter))
            setattr(part, name, made)
    return module


def move_buffers_to_device(
    module: nn.Module, device: Any, move_only_initialized_buffers: bool = True
) -> None:
    """Move all buffers of ``module`` and its children; those on the meta device stay there."""
    for part in module.modules():
        for name, buffer in part.named_buffers(recurse=False):
            if not (buffer.is_meta and move_only_initialized_buffers):
                part._buffers[name] = buffer.to(device)
