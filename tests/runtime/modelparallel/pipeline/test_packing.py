"""Objects are taken apart and put together again; calls of one kind are pickled once."""

import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.pipeline import packing
from jupyter_sdt.runtime.modelparallel.pipeline.packing import pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.plain_calls import plain_call

ONE, TWO = torch.rand(2), torch.rand(3)


@dataclass
class Pair:
    left: object
    right: object


def there_and_back(thing, modules=()):
    packed = pack(thing, {module: number for number, module in enumerate(modules)}, "it")
    return packed, unpack(packed.skeleton, packed.tensors, list(modules))


@pytest.mark.parametrize(
    "thing",
    [
        ONE,
        ((ONE,), {}),
        ((ONE, TWO, ONE), {"mask": TWO, "reduction": "mean", "weight": None, "training": True}),
        ((ONE,), {"smoothing": 0.1, "ignored": -100}),
        (([ONE, TWO], Pair(TWO, "x")), {"shape": (2, 3)}),
        {"outputs": (ONE, [TWO]), "count": 3},
        (ONE, TWO),
    ],
)
def test_it_comes_back_as_it_was(thing):
    for _ in range(2):  # the second time the skeleton may be known
        packed, back = there_and_back(thing)
        assert repr(back) == repr(thing)
        assert len(packed.tensors) == len({id(tensor) for tensor in packed.tensors})


def test_equal_tensors_are_one_when_they_arrive():
    _, ((first, second), named) = there_and_back(((ONE, ONE), {"third": ONE}))
    assert first is second is named["third"]


def test_calls_of_one_kind_are_pickled_once_and_of_others_not_mixed_up(monkeypatch):
    monkeypatch.setattr(packing, "_calls", {})
    kinds = [0, 0.0, -0.0, False, None, "0", "", math.inf]
    for value in kinds:
        for tensor in (ONE, TWO):
            _, (given, named) = there_and_back(((tensor, value), {"a": value}))
            assert given[0] is tensor
            assert [repr(given[1]), repr(named["a"])] == [repr(value)] * 2
    assert len(packing._calls) == len(kinds)
    assert plain_call(((ONE,), {"a": 1})).kind != plain_call(((ONE, 1), {})).kind


def test_no_more_kinds_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(packing, "_calls", {})
    monkeypatch.setattr(packing, "_KEPT_CALLS", 10)
    for number in range(100):
        assert there_and_back(((ONE, number), {}))[1][0][1] == number
    assert len(packing._calls) <= 10


def test_modules_of_the_model_travel_by_number_and_numbers_make_it_unsteady():
    module = nn.ReLU()
    _, (given, _) = there_and_back(((ONE, module), {}), [module])
    assert given[1] is module
    assert pack(((ONE, None), {}), {}, "it").steady
    assert not pack(((ONE, 3), {}), {}, "it").steady


def test_what_cannot_travel_is_named():
    with pytest.raises(SpecError, match="an argument of head cannot travel to another stage"):
        pack(((ONE, lambda: None), {}), {}, "an argument of head")
