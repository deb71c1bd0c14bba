"""Tensors of odd kinds that are there while a step is traced."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.partition import measure_costs
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step


def test_wrappers_of_other_tensors_have_no_memory_and_do_no_harm():
    class Wrapper(torch.Tensor):
        """As DTensors are: a model that was sharded before leaves some."""

        @staticmethod
        def __new__(cls):
            return torch.Tensor._make_wrapper_subclass(cls, (3, 3))

        @classmethod
        def __torch_dispatch__(cls, *_):
            raise AssertionError("nothing is to be computed with it")

    alive = Wrapper()
    with pytest.raises(RuntimeError, match="invalid python storage"):
        alive.untyped_storage().data_ptr()
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
    costs = measure_costs(model, one_step(model, torch.randn(4, 8)), trace_memory_usage=True)
    assert costs.modules["1"].activation_bytes == 4 * 8 * 4
    del alive
