"""apex.amp.frontend: preparing models and optimizers for one of the levels O0 to O3."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ._amp_state import _amp_state, maybe_print
from .master_weights import cast_model, step_master_weights
from .scaler import LossScaler


@dataclass(slots=True, kw_only=True)
class Properties:
    """What a level means; arguments of ``initialize`` that are not None take its place."""

    enabled: bool = True
    opt_level: str = "O1"
    patch_torch_functions: bool = False
    half_model: bool = False
    keep_batchnorm_fp32: bool = False
    master_weights: bool = False
    loss_scale: float | str = 1.0


_LEVELS: dict[str, dict[str, Any]] = {
    "O0": {},
    "O1": {"patch_torch_functions": True, "loss_scale": "dynamic"},
    "O2": {
        "half_model": True,
        "keep_batchnorm_fp32": True,
        "master_weights": True,
        "loss_scale": "dynamic",
    },
    "O3": {"half_model": True},
}


def initialize(
    models: Any,
    optimizers: Any = None,
    enabled: bool = True,
    opt_level: str = "O1",
    **options: Any,
) -> Any:
    """Return models and optimizers, or the models alone, ready for mixed precision.

    ``options`` are apex's: ``keep_batchnorm_fp32``, ``master_weights``, ``loss_scale``,
    ``num_losses``, ``min_loss_scale``, ``max_loss_scale``, ``verbosity``. Raises RuntimeError for
    an unknown level.
    """
    if opt_level not in _LEVELS:
        known = ", ".join(_LEVELS)
        raise RuntimeError(f"Unexpected optimization level {opt_level}. Options are {known}.")
    properties = _properties(enabled, opt_level, options)
    _amp_state.opt_properties = properties
    _amp_state.verbosity = int(options.get("verbosity", 1))
    bounds = {k: options[k] for k in ("min_loss_scale", "max_loss_scale") if k in options}
    _amp_state.loss_scalers = [
        LossScaler(properties.loss_scale if enabled else 1.0, **bounds)
        for _ in range(int(options.get("num_losses", 1)))
    ]
    maybe_print(f"Selected optimization level {opt_level}", rank0=True)
    if enabled:
        for model in _several(models):
            _prepare_model(model, properties)
        for optimizer in _several(optimizers):
            if properties.master_weights:
                step_master_weights(optimizer)
    return models if optimizers is None else (models, optimizers)


def state_dict() -> dict[str, Any]:
    """The loss scalers' state."""
    return {
        f"loss_scaler{number}": {"loss_scale": s.loss_scale(), "unskipped": s._unskipped}
        for number, s in enumerate(_amp_state.loss_scalers)
    }


def load_state_dict(state: dict[str, Any]) -> None:
    """Go on from what :func:`state_dict` returned."""
    for number, scaler in enumerate(_amp_state.loss_scalers):
        saved = state[f"loss_scaler{number}"]
        scaler._loss_scale, scaler._unskipped = saved["loss_scale"], saved["unskipped"]


def _properties(enabled: bool, opt_level: str, options: dict[str, Any]) -> Properties:
    fields = dict(_LEVELS[opt_level])
    for name in ("keep_batchnorm_fp32", "master_weights", "loss_scale"):
        if options.get(name) is not None:
            # Values come from command lines, too.
            words = {"True": True, "False": False}
            fields[name] = words.get(options[name], options[name])
    return Properties(enabled=enabled, opt_level=opt_level, **fields)


def _prepare_model(model: nn.Module, properties: Properties) -> None:
    if properties.half_model:
        cast_model(model, keep_batchnorm=properties.keep_batchnorm_fp32)
    if properties.patch_torch_functions:
        forward = model.forward

        @functools.wraps(forward)
        def in_mixed_precision(*arguments: Any, **named: Any) -> Any:
            with torch.autocast("cuda", dtype=torch.float16):
                return forward(*arguments, **named)

        model.forward = in_mixed_precision


def _several(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]
