"""Stages given by hand."""

from __future__ import annotations

import copy

import pytest
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition import assign_stages, partition, set_partition

PLAIN_INIT = nn.Module.__init__


class Net(nn.Module):
    """Modules made in contexts, one within another, and outside."""

    def __init__(self):
        super().__init__()
        self.before = nn.Linear(2, 2)
        with partition(1):
            self.outer = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
            with partition(2):
                self.inner = nn.Linear(2, 2)
            self.after = nn.Linear(2, 2)
        self.last = nn.Linear(2, 2)


def by_hand(model, stages, **options):
    return assign_stages(model, stages, auto_partition=False, **options)


def test_modules_are_where_they_were_made_and_the_innermost_context_wins():
    found = by_hand(Net(), 3).stage_of
    assert {name for name, stage in found.items() if stage == 0} == {"", "before", "last"}
    assert {name for name, stage in found.items() if stage == 1} == {
        *("outer", "outer.0", "outer.1", "after")
    }
    assert found["inner"] == 2


def test_modules_without_a_mark_get_the_default_partition_or_that_of_their_parent():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))
    set_partition(model[0], 0)
    found = by_hand(model, 2, default_partition=1).stage_of
    assert found == {"": 1, "0": 0, "0.0": 0, "0.1": 0, "1": 1}


def test_the_last_mark_counts_and_travels_with_a_copy():
    model = Net()
    set_partition(model.outer, 0)
    found = by_hand(copy.deepcopy(model), 3).stage_of
    assert found["outer"] == 0
    assert found["outer.0"] == 1  # it was made in the context, too


def test_marks_are_ignored_by_the_automatic_partition():
    assert assign_stages(Net(), 2).stage_of == assign_stages(copy.deepcopy(Net()), 2).stage_of
    assert assign_stages(Net(), 5).stage_of["inner"] == 2
    assert assign_stages(Net(), 5).stage_of["last"] == 4


def test_outside_of_the_context_modules_are_made_as_ever_also_after_an_error():
    with pytest.raises(ZeroDivisionError), partition(0), partition(1):
        1 / 0  # noqa: B018
    assert nn.Module.__init__ is PLAIN_INIT


def test_an_index_that_is_no_stage_is_refused_with_both_numbers():
    with pytest.raises(SpecError, match="index 2 must be less than partitions=2"):
        set_partition(nn.ReLU(), 2, partitions=2)
    with pytest.raises(SpecError, match="index -1 must be an integer from 0 on"), partition(-1):
        pass
    with pytest.raises(SpecError, match=r"partition of module 'inner': index 2 .*partitions=2"):
        by_hand(Net(), 2)
    with pytest.raises(SpecError, match="default_partition: index 3 must be less than partitions"):
        by_hand(Net(), 3, default_partition=3)


def test_a_shared_parameter_on_two_stages_is_refused_by_both_names():
    model = Net()
    model.inner.weight = model.outer[0].weight
    with pytest.raises(SpecError, match=r"'outer.0' and 'inner' share.*stages 1 and 2"):
        by_hand(model, 3)
    model = Net()
    model.last.weight = model.inner.weight  # without a mark: it follows
    assert by_hand(model, 3).stage_of["last"] == 2


def test_a_stage_that_gets_nothing_is_told():
    with pytest.warns(UserWarning, match=r"no module is assigned to stage 3, 4 of partitions=5"):
        by_hand(Net(), 5)
