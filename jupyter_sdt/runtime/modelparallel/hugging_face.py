"""Where Hugging Face's Trainer and ``smp`` would miss each other."""

from __future__ import annotations

import functools
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.runtime.modelparallel.trainer_checkpoints import (
    keep_random_states_apart,
    save_in_turn,
)

# https://github.com/huggingface/safetensors#format
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def accept_parameters() -> None:
    """Let scripts of transformers 5 take the argument that every job of this library has.

    ``TrainingArguments`` had it until then, and a parser of them refuses what it does not know.
    """
    when_imported("transformers.hf_argparser", _drop_parameters)
    when_imported("transformers.sagemaker.training_args_sm", _know_no_processes)


def _know_no_processes(module: Any) -> None:
    """Transformers 4.45 asks SageMakerTrainer's arguments for what they do not have."""
    arguments = module.SageMakerTrainingArguments
    arguments.distributed_state = getattr(arguments, "distributed_state", None)


def _drop_parameters(module: Any) -> None:
    parse = module.HfArgumentParser.parse_known_args
    if hasattr(parse, "__wrapped__"):
        return

    @functools.wraps(parse)
    def parse_known_args(self: Any, *arguments: Any, **named: Any) -> Any:
        found, rest = parse(self, *arguments, **named)
        while "--mp_parameters" in rest:
            place = rest.index("--mp_parameters")
            del rest[place : place + 2]
        return found, rest

    module.HfArgumentParser.parse_known_args = parse_known_args


def adapt_trainer(module: Callable[[], nn.Module]) -> None:
    """Make the Trainer, if the script has imported it, fit a model that lies on several ranks.

    ``module`` returns what is trained: where modules were replaced, what took their place.
    """
    trainer: Any = getattr(sys.modules.get("transformers.trainer"), "Trainer", None)
    if trainer is None or hasattr(trainer, "_sdt_adapted"):
        return
    trainer._sdt_adapted = True
    _optimize_what_is_trained(trainer, module)
    _make_optimizers_in_time(trainer)
    keep_random_states_apart(trainer)
    save_in_turn(trainer)


def _optimize_what_is_trained(trainer: Any, module: Callable[[], nn.Module]) -> None:
    """Its optimizer from the parameters, and their names, of the model that was made.

    transformers 4.31 and newer take those of the script's model, though tensor parallelism has
    replaced it; older ones look for what is to decay under names that no parameter has.
    """
    create = trainer.create_optimizer

    @functools.wraps(create)
    def create_optimizer(self: Any, *arguments: Any, **named: Any) -> Any:
        kept = self.model, self.model_wrapped
        self.model = self.model_wrapped = module()
        try:
            return create(self, *arguments, **named)
        finally:
            self.model, self.model_wrapped = kept

    trainer.create_optimizer = create_optimizer


def _make_optimizers_in_time(trainer: Any) -> None:
    """Its optimizer before its scheduler.

    transformers 5 waits for the wrapped model with the first, and then begins with the second,
    which needs it: every job of this library would end there.
    """
    create = trainer.create_scheduler

    @functools.wraps(create)
    def create_scheduler(self: Any, *arguments: Any, **named: Any) -> Any:
        optimizer = named.get("optimizer") or (arguments[1:] or (None,))[0]
        if optimizer is None and self.optimizer is None:
            self.create_optimizer()
        return create(self, *arguments, **named)

    trainer.create_scheduler = create_scheduler


def weights_file(path: Path) -> Path:
    """Return ``path``, or what transformers 5 saves where it later asks for the older name."""
    newer = path.with_name("model.safetensors")
    if path.name == "pytorch_model.bin" and not path.exists() and newer.exists():
        return newer
    return path


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a file of tensors by their names. Raises SpecError for a dtype torch cannot hold."""
    content = bytearray(path.read_bytes())
    (size,) = struct.unpack_from("<Q", content)
    begin = 8 + size
    found = {}
    for name, entry in json.loads(content[8:begin]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _DTYPES:
            raise SpecError(f"{path}: {name} has the dtype {entry['dtype']}", argument="path")
        first, last = entry["data_offsets"]
        part = content[begin + first : begin + last]
        dtype = _DTYPES[entry["dtype"]]
        flat = torch.frombuffer(part, dtype=dtype) if part else torch.empty(0, dtype=dtype)
        found[name] = flat.view(entry["shape"])
    return found
