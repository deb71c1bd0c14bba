"""Framework versions that SageMaker's distribution strategies exist for.

From SageMaker's Python SDK 2.257: https://github.com/aws/sagemaker-python-sdk, fw_utils.py. Where
its list simply ends at the newest image of its day, versions after the end are let through.
"""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from ``first`` to ``last`` (None: no end), both included, without ``holes``."""

    first: str
    last: str | None = None
    holes: tuple[str, ...] = ()

    def __contains__(self, version: str) -> bool:
        given = _numbers(version)
        if self.last is not None and given > _numbers(self.last):
            return False
        return given >= _numbers(self.first) and given not in map(_numbers, self.holes)

    def __str__(self) -> str:
        until = f"{self.first} or newer" if self.last is None else f"{self.first} to {self.last}"
        return f"{until}, without {' and '.join(self.holes)}" if self.holes else until


# (strategy, framework, kind of accelerator or "") -> versions
SUPPORTED: dict[tuple[str, str, str], Range] = {
    ("smdataparallel", "pytorch", ""): Range("1.6", "2.2.0"),
    ("smdataparallel", "tensorflow", ""): Range("2.3", "2.11.0"),
    ("pytorchddp", "pytorch", ""): Range("1.6", "2.2.0"),
    ("torch_distributed", "pytorch", "gpu"): Range("1.13.1", None, ("2.4.0", "2.5.0")),
    ("torch_distributed", "pytorch", "neuron"): Range("1.11", "2.0.0"),
    ("multi_worker_mirrored_strategy", "tensorflow", ""): Range("2.9"),
    ("parameter_server", "mxnet", ""): Range("1.3"),
    ("mpi", "mxnet", ""): Range("1.3"),
}


def supported_versions(strategy: str, framework: str, kind: str) -> Range | None:
    """The versions for which ``strategy`` exists, or None when nothing is known."""
    return SUPPORTED.get((strategy, framework, kind)) or SUPPORTED.get((strategy, framework, ""))


def is_older(version: str, than: str) -> bool:
    """Whether one version comes before another: 1.9 before 1.13."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> Version:
    """``2.3.1`` -> (2, 3, 1); what is not a number (``1.13.0rc1``, ``latest``) ends the count.

    Zeros at the end do not count, so that 2.0 is 2.0.0.
    """
    numbers: list[int] = []
    for word in version.split("."):
        if not word.isdecimal():
            break
        numbers.append(int(word))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
