"""Stages found for trees that are written down: no torch."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment
from jupyter_sdt.runtime.modelparallel.partition.automatic import assign_automatically
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, ModuleCost
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree

CHAIN = {"": 0, "a": 8, "b": 8, "c": 8, "d": 8}


def test_a_chain_is_cut_in_the_middle(tree):
    found = assign_automatically(tree(CHAIN), 2)
    assert found.stage_of == {"": 0, "a": 0, "b": 0, "c": 1, "d": 1}
    assert found.parameters_bytes == (16, 16)
    assert found.cost == pytest.approx((0.5, 0.5))


def test_stages_follow_the_calls_and_not_the_registration(tree, costs):
    found = assign_automatically(tree(CHAIN), 2, costs=costs(["", "d", "b", "a", "c"]))
    assert found.stage_of == {"": 0, "d": 0, "b": 0, "a": 1, "c": 1}


def test_a_module_without_parameters_runs_with_its_parent(tree, costs):
    rows = {"": 0, "a": 8, "a.drop": 0, "relu": 0, "b": 0, "b.x": 8, "b.act": 0, "b.act.fine": 0}
    order = ["", "a", "a.drop", "b", "b.x", "b.act", "b.act.fine", "relu"]
    found = assign_automatically(tree(rows), 2, costs=costs(order)).stage_of
    assert [found[name] for name in ("", "relu", "a", "a.drop")] == [0, 0, 0, 0]
    assert [found[name] for name in ("b", "b.x", "b.act", "b.act.fine")] == [1, 1, 1, 1]


def test_a_module_that_is_divided_runs_where_its_first_child_runs(tree):
    rows = {"": 0, "a": 8, "b": 0, "b.x": 8, "b.y": 8, "b.z": 8}
    found = assign_automatically(tree(rows), 2).stage_of
    assert found == {"": 0, "a": 0, "b": 0, "b.x": 0, "b.y": 1, "b.z": 1}


def test_modules_that_share_a_parameter_are_on_one_stage(tree):
    rows = {"": 0, "embed": "w", "b": 8, "c": 8, "d": 8, "head": "w"}
    found = assign_automatically(tree(rows), 2)
    assert found.stage_of["head"] == found.stage_of["embed"] == 0
    assert sum(found.parameters_bytes) == 32  # the shared one once
    assert next(m for m in found.modules if m.name == "head").parameters_bytes == 0


def test_three_modules_that_share_in_pairs_are_on_one_stage(tree):
    rows = {"": 0, "a": "u", "b": 8, "c": "uv", "d": 8, "e": "v", "f": 8}
    found = assign_automatically(tree(rows), 3).stage_of
    assert found["a"] == found["c"] == found["e"]
    assert set(found.values()) == {0, 1, 2}


def test_a_decoder_whose_embedding_lives_with_the_encoder_runs_with_its_own_layers(tree):
    rows = {"": 0, "encoder": 0, "encoder.embed": "w", "encoder.x": 16}
    rows |= {"decoder": 0, "decoder.embed": "w", "decoder.x": 16, "decoder.y": 8}
    found = assign_automatically(tree(rows), 2).stage_of
    assert found["decoder.embed"] == found["encoder"] == 0
    assert found["decoder"] == found["decoder.x"] == 1


def test_a_module_that_reads_anothers_weight_without_calling_it_is_on_its_stage(tree, costs):
    order = ["", "a", "b", "c", "d"]
    alone = assign_automatically(tree(CHAIN), 2, costs=costs(order)).stage_of
    assert alone["a"] != alone["d"]
    found = assign_automatically(tree(CHAIN), 2, costs=costs(order, [("d", "a")])).stage_of
    assert found["a"] == found["d"]


def test_a_list_of_modules_belongs_to_the_calls_of_its_parent(tree, costs):
    rows = {"": 0, "down": 0, "down.0": 8, "down.1": 8, "up": 0, "up.0": 8, "up.1": 8}
    order = ["", "down.0", "up.0", "down.1", "up.1"]
    found = assign_automatically(tree(rows, ["down", "up"]), 2, costs=costs(order)).stage_of
    assert [found[name] for name in order] == [0, 0, 0, 1, 1]
    assert found["up"] == 0


def test_parameters_of_a_list_stay_with_the_module_that_reads_them(tree):
    rows = {"": 0, "a": 8, "b": 0, "b.weights": 8, "b.inner": 8, "c": 8}
    found = assign_automatically(tree(rows, ["b.weights"]), 4).stage_of
    assert found["b"] == found["b.weights"] != found["b.inner"]


def test_a_whole_module_is_never_divided(tree):
    rows = {"": 0, "a": 8, "attention": 8, "attention.out": 64, "b": 8}
    found = assign_automatically(tree(rows, whole=["attention"]), 3).stage_of
    assert found["attention"] == found["attention.out"] == 1


def test_a_module_the_first_microbatch_did_not_reach_can_still_be_moved(tree, costs):
    rows = {"": 0, "gate": 8, "experts": 0, "experts.0": 8, "experts.1": 8, "experts.2": 8}
    seen = costs(["", "gate", "experts.2"])
    found = assign_automatically(tree(rows, ["experts"]), 2, costs=seen, memory_weight=1.0)
    assert found.parameters_bytes == (16, 16)


def test_memory_weight_decides_between_memory_and_time(tree, costs):
    rows = {"": 0, "a": 60, "b": 20, "c": 20, "d": 20}
    seen = costs(["", "a", "b", "c", "d"], a=1, b=1, c=1, d=3)
    memory = assign_automatically(tree(rows), 2, costs=seen, memory_weight=1.0)
    assert memory.parameters_bytes == (60, 60)
    time = assign_automatically(tree(rows), 2, costs=seen, memory_weight=0.0)
    assert time.stage_of["c"] == 0
    assert time.stage_of["d"] == 1


def test_activations_count_as_memory(tree):
    modules = {
        name: ModuleCost(activation_bytes=kept, first_call=place)
        for place, (name, kept) in enumerate({"": 0, "a": 0, "b": 0, "c": 0, "d": 64}.items())
    }
    found = assign_automatically(tree(CHAIN), 2, costs=Costs(modules=modules))
    assert found.stage_of["c"] == 0
    assert found.activation_bytes == (0, 64)


def test_too_many_stages_are_refused_with_both_numbers(tree):
    with pytest.raises(SpecError, match=r"partitions=5 is more than the 4 pieces.*partitions=4"):
        assign_automatically(tree(CHAIN), 5)
    with pytest.raises(SpecError, match="partitions=0 must be at least 1"):
        assign_automatically(tree(CHAIN), 0)
    with pytest.raises(SpecError, match=r"memory_weight=1.5 must be from 0.0"):
        assign_automatically(tree(CHAIN), 2, memory_weight=1.5)


def test_a_model_without_parameters_is_one_stage(tree):
    assert assign_automatically(tree({"": 0, "relu": 0}), 1).stage_of == {"": 0, "relu": 0}
    with pytest.raises(SpecError, match="partitions=2 is more than the 1 pieces"):
        assign_automatically(tree({"": 0, "relu": 0}), 2)


@some.composite
def trees(draw):
    nodes = [Node(name="", parameters={})]
    for number in range(draw(some.integers(2, 14))):
        parent = draw(some.sampled_from(nodes)).name
        shared = draw(some.sampled_from([{}, {number: 8}, {number: 64}, {100: 8}, {number: 8}]))
        name = f"{parent}.{number}" if parent else f"{number}"
        container = draw(some.sampled_from([False, False, True]))
        nodes.append(Node(name=name, parent=parent, parameters=shared, container=container))
    children = {node.name: [n for n in nodes if n.parent == node.name] for node in nodes}

    def walk(node):
        yield node
        for child in children[node.name]:
            yield from walk(child)

    tree = Tree(tuple(walk(nodes[0])))
    called = [n.name for n in tree.nodes if not n.container and draw(some.booleans())]
    places = draw(some.permutations(range(len(called))))
    seconds = [draw(some.sampled_from([0.0, 1.0, 3.0])) for _ in called]
    modules = {
        name: ModuleCost(seconds=seconds[place], first_call=place)
        for name, place in zip(called, places, strict=True)
    }
    return tree, Costs(modules={"": ModuleCost(), **modules})


@given(trees(), some.integers(1, 4))
def test_whatever_the_tree_every_module_has_a_stage_and_every_stage_a_module(case, stages):
    tree, costs = case
    try:
        found = assign_automatically(tree, stages, costs=costs)
    except SpecError as error:
        assert "more than the" in str(error)  # noqa: PT017
        return
    assert list(found.stage_of) == [node.name for node in tree.nodes]
    assert set(found.stage_of.values()) == set(range(stages))
    owners = {}
    for node in tree.nodes:
        for identity in node.parameters:
            stage = found.stage_of[node.name]
            assert owners.setdefault(identity, stage) == stage
    assert all(size > 0 for size in found.parameters_bytes) or stages == 1
    assert sum(found.cost) == pytest.approx(1) or not any(found.cost)
    data = json.loads(json.dumps(found.to_json()))
    assert Assignment.from_json(data) == found
    again = Costs.from_json(json.loads(json.dumps(costs.to_json())))
    assert assign_automatically(tree, stages, costs=again) == found


def test_the_report_names_the_outermost_modules_of_each_stage(tree):
    rows = {"": 0, "embed": 500_000, "layers": 0}
    for number in range(12):
        rows |= {f"layers.{number}": 0, f"layers.{number}.x": 1_000_000}
    lines = assign_automatically(tree(rows, ["layers"]), 2).report().splitlines()
    assert lines[0] == "Partition assignments: 27 modules on 2 stages"
    assert lines[1] == "  stage 0:  52.0% of the cost, 6.5 MB of parameters: (model)"
    assert lines[2].endswith("layers.6, layers.7, layers.8, layers.9, layers.10, layers.11")


def test_what_is_no_partition_is_refused():
    for data in ({}, {"stages": 2, "modules": [{"name": "a"}]}, {"stages": 2, "modules": 3}):
        with pytest.raises(SpecError, match="this is no partition"):
            Assignment.from_json(data)
