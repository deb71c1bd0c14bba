"""Dividing a model among the stages of a pipeline: automatic, manual, measured, predicted."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.partition.assigning import assign_stages
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, ModuleCost
from jupyter_sdt.runtime.modelparallel.partition.manual import partition, set_partition
from jupyter_sdt.runtime.modelparallel.partition.measuring import measure_costs
from jupyter_sdt.runtime.modelparallel.partition.memory import (
    StageMemory,
    predict_memory,
    recorded_in_flight,
)

__all__ = [
    "Assignment",
    "Costs",
    "ModuleCost",
    "StageMemory",
    "assign_stages",
    "measure_costs",
    "partition",
    "predict_memory",
    "recorded_in_flight",
    "set_partition",
]
