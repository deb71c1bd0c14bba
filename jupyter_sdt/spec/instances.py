"""Where a job can run: ``local``, ``local_gpu``, and the accelerators of ``ml.*`` instances.

Counts and usable memory are what EC2's DescribeInstanceTypes reports (2025-11), which is less than
the marketing number: https://aws.amazon.com/sagemaker/ai/pricing/ names the types.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from jupyter_sdt.errors import SpecError

Kind = Literal["cpu", "gpu", "neuron"]
LOCAL: tuple[str, ...] = ("local", "local_gpu")
_ML = re.compile(r"ml\.([a-z][a-z0-9-]*)\.([a-z0-9]+)")
# Families and sizes are separated in names by a dot; anything that looks so without "ml." is EC2's.
_EC2 = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance type. ``memory_mib`` is that of each accelerator, 0 where there is none.

    ``accelerators`` are GPUs, or the NeuronCores that SageMaker starts processes on. It is None
    where only the machine at hand (``local_gpu``) knows.
    """

    name: str
    kind: Kind = "cpu"
    accelerators: int | None = 0
    accelerator: str = ""
    memory_mib: int = 0

    @property
    def local(self) -> bool:
        """Whether this is the machine at hand."""
        return self.name in LOCAL

    @property
    def family(self) -> str:
        """``p4d`` of ``ml.p4d.24xlarge``; empty for local types."""
        return "" if self.local else self.name.split(".")[1]


# family: accelerator, MiB of each, and accelerators by size.
_GPU: dict[str, tuple[str, int, dict[str, int]]] = {
    "p2": ("K80", 12288, {"xlarge": 1, "8xlarge": 8, "16xlarge": 16}),
    "p3": ("V100", 16384, {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8}),
    "p3dn": ("V100", 32768, {"24xlarge": 8}),
    "p4d": ("A100", 40960, {"24xlarge": 8}),
    "p4de": ("A100", 81920, {"24xlarge": 8}),
    "p5": ("H100", 81920, {"4xlarge": 1, "48xlarge": 8}),
    "p5e": ("H200", 144384, {"48xlarge": 8}),
    "p5en": ("H200", 144384, {"48xlarge": 8}),
    "p6-b200": ("B200", 183359, {"48xlarge": 8}),
    "p6-b300": ("B300", 275040, {"48xlarge": 8}),
    "p6e-gb200": ("GB200", 189440, {"36xlarge": 4}),
    "g4dn": ("T4", 15360, {"12xlarge": 4}),
    "g5": ("A10G", 22888, {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    "g6": ("L4", 22888, {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    "g6e": ("L40S", 45776, {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
}
_ONE_GPU = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge")
_NEURON: dict[str, tuple[str, int, dict[str, int]]] = {
    "trn1": ("Trainium NeuronCore", 16384, {"2xlarge": 2, "32xlarge": 32}),
    "trn1n": ("Trainium NeuronCore", 16384, {"32xlarge": 32}),
    "trn2": ("Trainium2 NeuronCore", 24576, {"48xlarge": 64}),
}


def find_instance(name: str) -> Instance:
    """Return what is known of an instance type.

    A well-formed ``ml.*`` name that is not in the table counts as a machine without accelerators,
    as in SageMaker's SDK. Raises SpecError for anything else.
    """
    if name in LOCAL:
        return Instance(name) if name == "local" else Instance(name, "gpu", None, "GPU")
    if not isinstance(name, str) or not (match := _ML.fullmatch(name)):
        raise _unknown(name)
    family, size = match.groups()
    for kind, table in (("gpu", _GPU), ("neuron", _NEURON)):
        if family in table:
            return _accelerated(name, size, table[family], "gpu" if kind == "gpu" else "neuron")
    return Instance(name)


def known_instances() -> tuple[str, ...]:
    """Names of the local types and of every type with accelerators, sorted."""
    tables = [*_GPU.items(), *_NEURON.items()]
    names = {f"ml.{family}.{size}" for family, (_, _, sizes) in tables for size in sizes}
    names |= {f"ml.{family}.{size}" for family in ("g4dn", "g5", "g6", "g6e") for size in _ONE_GPU}
    return (*LOCAL, *sorted(names))


def _accelerated(
    name: str, size: str, row: tuple[str, int, dict[str, int]], kind: Kind
) -> Instance:
    accelerator, memory_mib, counts = row
    return Instance(name, kind, counts.get(size, 1), accelerator, memory_mib)


def _unknown(name: object) -> SpecError:
    text = str(name)
    if _EC2.fullmatch(text) and not text.startswith("ml."):
        hint = f"; did you mean 'ml.{text}'?"
    else:
        near = difflib.get_close_matches(text, known_instances(), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
    return SpecError(
        f"instance_type={name!r} must be 'local', 'local_gpu' or a name such as 'ml.g5.12xlarge'"
        f"{hint}",
        argument="instance_type",
    )
