"""Splitting the arguments of a step into microbatches, and putting results together."""

from collections import OrderedDict, UserDict, namedtuple
from types import MappingProxyType

import pytest
import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.splitting import Split, split
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.step_output import StepOutput, combine

Pair = namedtuple("Pair", "left right")
FOUR = torch.arange(4)


def parts(value, count=2, axis=0):
    return split(value, Split(argument="x", count=count, axis=axis))


def test_a_tensor_is_split_along_the_named_axis_without_a_copy():
    whole = torch.arange(12).view(2, 6)
    first, second = parts(whole, axis=1)
    assert torch.equal(torch.cat([first, second], 1), whole)
    assert second.data_ptr() == whole[:, 3:].data_ptr()
    assert torch.equal(parts(whole, axis=-1)[1], second)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: [t, 1],
        lambda t: (t, "a"),
        lambda t: Pair(t, None),
        lambda t: {"a": t, "b": [t]},
        lambda t: OrderedDict(a=t),
        lambda t: UserDict(a=t),
    ],
)
def test_containers_keep_their_class(make):
    first, second = parts(make(FOUR))
    whole = make(FOUR)
    assert type(first) is type(second) is type(whole)
    assert str(first) == str(make(torch.tensor([0, 1])))
    assert str(second) == str(make(torch.tensor([2, 3])))


def test_sets_and_mappings_that_cannot_be_changed_are_split_too():
    assert [sorted(t.tolist() for t in part) for part in parts({FOUR})] == [[[0, 1]], [[2, 3]]]
    assert [part["a"].tolist() for part in parts(MappingProxyType({"a": FOUR}))] == [[0, 1], [2, 3]]


def test_objects_may_split_themselves():
    class Batch:
        def smp_slice(self, num_mb, mb, axis):
            return (num_mb, mb, axis)

    assert parts([Batch()], 3, 1) == [[(3, 0, 1)], [(3, 1, 1)], [(3, 2, 1)]]


def test_everything_else_stays_the_object_it_is():
    model, names = torch.nn.Linear(1, 1), ["a", "b"]
    config = {"rate": 1.0, "names": names}
    for value in (model, None, 3, "text", config, names, torch.Size([4]), torch.device("cpu")):
        assert all(part is value for part in parts(value))


def test_what_cannot_be_divided_is_refused_with_the_next_sizes():
    with pytest.raises(SpecError, match=r"x has 4 entries on axis 0.*batch of 3 or 6"):
        parts(FOUR, 3)
    with pytest.raises(SpecError, match=r"non_split_inputs=\['x'\]"):
        parts(torch.tensor(1.0))
    with pytest.raises(SpecError, match="no axis 1"):
        parts(FOUR, 2, 1)


def test_the_results_of_microbatches_keep_their_form():
    results = [
        {"loss": torch.tensor(float(n), requires_grad=True), "n": n, "pair": Pair(FOUR + n, [n])}
        for n in range(2)
    ]
    found = combine(results, detach=True)
    assert isinstance(found["loss"], StepOutput)
    assert not found["loss"].outputs[0].requires_grad
    assert found["n"] == [0, 1]
    assert isinstance(found["pair"], Pair)
    assert found["pair"].right == [[0, 1]]
    assert found["pair"].left.concat().tolist() == [0, 1, 2, 3, 1, 2, 3, 4]
    assert combine([None, None], detach=True) == [None, None]
    assert combine([(1,), (1, 2)], detach=True) == [(1,), (1, 2)]
    assert combine(results, detach=False)["loss"].outputs[0].requires_grad


def test_a_step_output_reduces_and_joins():
    scalars = StepOutput([torch.tensor(1.0), torch.tensor(2.0)])
    assert scalars.reduce_mean() == 1.5
    assert scalars.reduce_sum() == 3.0
    assert scalars.concat().tolist() == scalars.stack().tolist() == [1.0, 2.0]
    rows = StepOutput([torch.ones(1, 2), torch.zeros(1, 2)])
    assert rows.reduce_mean().tolist() == [[0.5, 0.5]]
    assert rows.concat().shape == (2, 2)
    assert rows.stack().shape == (2, 1, 2)
    assert StepOutput([torch.tensor(1), torch.tensor(2)]).reduce_mean() == 1.5


def test_names_that_are_no_arguments_are_refused():
    with pytest.raises(SpecError, match=r"non_split_inputs names 'maks'.*did you mean 'mask'"):
        step(non_split_inputs=["maks"])(lambda x, mask: None)
    with pytest.raises(SpecError, match="input_split_axes names 'z'"):
        step(input_split_axes={"z": 1})(lambda x, mask: None)


def test_a_decorated_function_does_not_become_a_method():
    class Trainer:
        @step
        def train_step(model, x):  # noqa: N805 - as published scripts have it
            """What it says."""

    assert Trainer().train_step is Trainer.train_step
    assert Trainer.train_step.__doc__ == "What it says."
    assert Trainer.train_step.__name__ == "train_step"
