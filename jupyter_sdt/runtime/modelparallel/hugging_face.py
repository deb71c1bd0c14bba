"""Where Hugging Face's Trainer and ``smp`` would miss each other."""

from __future__ import annotations

import functools
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.late_import import when_imported

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


# What accelerate takes for a sign that each process trains a model of its own.
_SIGNS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "WORLD_SIZE", "LOCAL_RANK")


def leave_data_whole() -> None:
    """Let accelerate divide no batches: ranks that hold parts of one model see the same ones.

    Its versions before 1.0 take every process of an mpirun job for a replica.
    """
    when_imported("accelerate.state", _hide_processes)


def _hide_processes(module: Any) -> None:
    begin = module.PartialState.__init__
    if hasattr(begin, "__wrapped__"):
        return

    @functools.wraps(begin)
    def alone(self: Any, *arguments: Any, **named: Any) -> None:
        hidden = {name: os.environ.pop(name) for name in _SIGNS if name in os.environ}
        try:
            begin(self, *arguments, **named)
        finally:
            os.environ.update(hidden)

    module.PartialState.__init__ = alone


def make_optimizers_in_time() -> None:
    """Let the Trainer, if the script has imported it, make its optimizer before its scheduler.

    transformers 5 waits for the wrapped model with the first, and then begins with the second,
    which needs it: every job of this library would end there.
    """
    trainer: Any = getattr(sys.modules.get("transformers.trainer"), "Trainer", None)
    create = getattr(trainer, "create_scheduler", None)
    if create is None or hasattr(create, "__wrapped__"):
        return

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
