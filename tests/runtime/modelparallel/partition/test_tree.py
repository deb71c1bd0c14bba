"""Reading modules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition import assign_stages
from jupyter_sdt.runtime.modelparallel.partition.tree import read_tree


class Twice(nn.Module):
    """One layer under two names, and one parameter in two layers."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.again = self.first
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight
        self.third = nn.Linear(4, 4)

    def forward(self, rows):
        return self.third(self.second(self.again(self.first(rows))))


def test_names_and_bytes_are_those_of_the_model_each_parameter_once():
    model = Twice()
    tree = read_tree(model)
    assert [node.name for node in tree.nodes] == [name for name, _ in model.named_modules()]
    assert tree.parameter_bytes == {"": 0, "first": 80, "second": 0, "third": 80}
    assert sum(tree.parameter_bytes.values()) == sum(p.nbytes for p in model.parameters())
    assert tree.by_name["first"].aliases == ("again",)


def test_both_names_of_a_module_have_its_stage_and_what_shares_its_weight_too():
    found = assign_stages(Twice(), 2)
    assert found.stage_of == {"": 0, "first": 0, "again": 0, "second": 0, "third": 1}
    assert found.parameters_bytes == (80, 80)


def test_buffers_count_where_they_are():
    tree = read_tree(nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 4)))
    assert tree.by_name["0"].buffer_bytes == 4 * 4 + 4 * 4 + 8


def test_containers_are_modules_without_a_forward():
    class Namespace(nn.Module):
        pass

    model = nn.Sequential(nn.ModuleList(), nn.ModuleDict(), nn.ParameterList(), Namespace())
    assert all(node.container for node in read_tree(model).nodes[1:])
    assert not read_tree(model).nodes[0].container


def test_attention_keeps_its_output_projection_which_it_reads_and_does_not_call():
    model = nn.Sequential(nn.Linear(8, 8), nn.MultiheadAttention(8, 2), nn.Linear(8, 8))
    found = assign_stages(model, 3).stage_of
    assert found["1"] == found["1.out_proj"] == 1


def test_a_parametrized_layer_keeps_its_parametrization():
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(3)))
    nn.utils.parametrizations.weight_norm(model[1])
    found = assign_stages(model, 3).stage_of
    assert {stage for name, stage in found.items() if name.startswith("1")} == {1}


def test_a_model_on_the_meta_device_can_be_divided():
    with torch.device("meta"):
        model = nn.Sequential(*(nn.Linear(1000, 1000, bias=False) for _ in range(4)))
    assert assign_stages(model, 2).parameters_bytes == (8_000_000, 8_000_000)


def test_script_modules_and_lazy_ones_are_refused_by_name():
    scripted = nn.Sequential(nn.Linear(2, 2), torch.jit.script(nn.Linear(2, 2)))
    with pytest.raises(SpecError, match="module '1' is a ScriptModule"):
        assign_stages(scripted, 2)
    lazy = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(2))
    with pytest.raises(SpecError, match=r"parameter '1.weight' has no shape yet"):
        assign_stages(lazy, 2)
