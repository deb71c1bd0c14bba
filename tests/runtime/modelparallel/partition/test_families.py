"""Real model families: near the best contiguous cut, and executable as they are divided."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from jupyter_sdt.runtime.modelparallel.partition import Costs, assign_stages, measure_costs
from jupyter_sdt.runtime.modelparallel.partition.costs import mix_costs
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step
from jupyter_sdt.runtime.modelparallel.partition.tree import read_tree
from jupyter_sdt.runtime.modelparallel.partition.units import list_units

FAMILIES = ["GPT-2", "BERT", "ResNet", "U-Net", "T5", "MLP-Mixer", "ViT", "branching"]
FAMILIES += ["mixture of experts", "LSTM"]


@pytest.fixture(scope="module")
def measured(benchmark):
    """A family's model and its costs, measured once; with options, measured again."""
    known = {}

    def measure(family, **options):
        if family not in known or options:
            build, inputs = benchmark("families").FAMILIES[family]
            torch.manual_seed(0)
            model = build()
            costs = measure_costs(model, one_step(model, *inputs()), **options)
            return known.setdefault(family, (model, costs)) if not options else (model, costs)
        return known[family]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these models are too small for more
    yield measure
    torch.set_num_threads(threads)


def test_these_are_the_families_of_the_benchmark(benchmark):
    assert list(benchmark("families").FAMILIES) == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_stages_are_within_five_percent_of_the_best_contiguous_cut(benchmark, measured, family):
    model, costs = measured(family)
    tree = read_tree(model)
    for weight in (0.0, 0.8):
        units = list_units(tree, costs, mix_costs(tree, costs, weight))
        for stages in (2, 3, 4, 8):
            best = benchmark("partition").best_cut([unit.cost for unit in units], stages)
            found = assign_stages(model, stages, costs=costs, memory_weight=weight)
            assert max(found.cost) <= 1.05 * best, (weight, stages)
            homes = [found.stage_of[unit.home] for unit in units]
            assert all(after - before in (0, 1) for before, after in pairwise(homes))
            assert set(homes) == set(range(stages))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_module_and_what_it_reads_or_shares_are_never_apart(measured, family):
    model, costs = measured(family)
    modules = dict(model.named_modules())
    for stages in (2, 4, 8):
        found = assign_stages(model, stages, costs=costs).stage_of
        for reader, read in costs.together:
            assert found[reader] == found[read]
        owner = {}
        for name, module in modules.items():
            for parameter in module.parameters(recurse=False):
                assert owner.setdefault(id(parameter), found[name]) == found[name]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rank_finds_the_same_from_the_costs_of_one(benchmark, measured, family):
    model, costs = measured(family)
    other = benchmark("families").FAMILIES[family][0]()
    sent = Costs.from_json(costs.to_json())
    assert assign_stages(model, 4, costs=costs) == assign_stages(other, 4, costs=sent)


def test_without_tracing_stages_balance_parameters(measured):
    model, _ = measured("GPT-2")
    whole = sum(parameter.nbytes for parameter in model.parameters())
    for stages in (2, 4):
        assert max(assign_stages(model, stages).parameters_bytes) <= 1.2 * whole / stages


@pytest.mark.parametrize("family", ["GPT-2", "ResNet", "LSTM"])
def test_traced_times_and_memory_make_stages_too(measured, family):
    options = {"trace_execution_times": True, "trace_memory_usage": True, "repeats": 1}
    model, costs = measured(family, **options)
    found = assign_stages(model, 4, costs=costs, memory_weight=0.2)
    assert all(found.cost)
    assert all(found.activation_bytes[1:])  # an embedding may keep nothing but its input
    assert all(costs.modules[name].seconds > 0 for name in costs.modules)
