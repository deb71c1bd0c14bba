"""Packing many arrays into one buffer, as the TensorFlow front ends do; without TensorFlow."""

import gc

import numpy as np
import pytest
import torch

from jupyter_sdt.compat._tensorflow.arrays import array_of, torch_copy, torch_dtype
from jupyter_sdt.compat._tensorflow.fusion import Fusion

SHAPES = [(3, 5), (), (40,), (0, 2)]


def arrays(kind="float32", first=1.0):
    return [np.full(shape, first + n, kind) for n, shape in enumerate(SHAPES)]


def nothing(_):
    return None


def test_all_arrays_are_reduced_as_one_and_come_back_in_shape():
    seen, expected = [], []
    results = Fusion("float32", SHAPES).reduce(arrays(), seen.append, expected.append)
    assert len(seen) == 1
    assert seen[0].is_contiguous()
    assert seen[0] is expected[0]
    assert [result.shape for result in results] == SHAPES
    assert all(map(np.array_equal, results, arrays()))


def test_results_lie_in_the_buffer_where_tensorflow_takes_memory_over():
    buffers = []
    results = Fusion("float16", SHAPES).reduce(arrays("float16"), buffers.append, nothing)
    start = buffers[0].data_ptr()
    for result in results[:3]:
        assert (result.ctypes.data - start) % 64 == 0
        assert start <= result.ctypes.data < start + buffers[0].nbytes


def test_a_buffer_is_used_again_only_when_its_results_are_gone():
    fusion, used = Fusion("float32", SHAPES), []

    def reduce(first):
        return fusion.reduce(
            arrays(first=first), lambda flat: used.append(flat.data_ptr()), nothing
        )

    kept = reduce(1.0)[2]
    other = reduce(10.0)
    assert used[0] != used[1]
    assert kept[0] == 3.0  # what was kept is as it was
    del kept, other
    gc.collect()
    reduce(20.0)
    assert used[2] in used[:2]
    held = [reduce(float(n)) for n in range(8)]  # more than are kept: memory of their own
    assert [results[2][0] for results in held] == [2.0 + n for n in range(8)]


def test_results_follow_a_buffer_that_moves():
    fusion = Fusion("float32", SHAPES)

    def move(flat):
        flat.untyped_storage()._share_fd_cpu_()  # as when it moves into shared memory
        flat.add_(1)

    assert [result.flat[0] for result in fusion.reduce(arrays(), move, nothing)[:3]] == [2, 3, 4]


@pytest.mark.parametrize("kind", ["float32", "float16", "int64", "uint8", "bool", "complex64"])
def test_arrays_become_tensors_of_the_same_type_and_back(kind):
    array = np.array([[0, 1], [1, 1]]).astype(kind)
    copy = torch_copy(array)
    assert copy.dtype == getattr(torch, kind)
    array[...] = 0
    assert array_of(copy, kind).tolist() == [[0, 1], [1, 1]]


def test_bfloat16_travels_as_what_it_is():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="the package that NumPy has bfloat16 from")
    copy = torch_copy(np.array([1.5, -2.0], ml_dtypes.bfloat16))
    assert copy.dtype == torch.bfloat16
    assert copy.tolist() == [1.5, -2.0]
    assert array_of(copy, ml_dtypes.bfloat16).tolist() == [1.5, -2.0]


def test_what_cannot_travel_is_refused_by_name():
    with pytest.raises(TypeError, match="str"):
        torch_dtype(np.array(["a"]).dtype)
