"""Variables are packed for the job, or refused by name before anything starts."""

import collections
import os
import pickle
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.notebook.variables import describe_kind, pack_variables, readable_size


@pytest.fixture
def notebook():
    """A namespace in which classes and functions are defined as a notebook defines them."""
    space = {"__name__": "__main__"}
    exec(
        "class Net:\n    pass\n"
        "def loss(x):\n    return x\n"
        "net, table, square = Net(), {'deep': [Net]}, lambda x: x * x\n",
        space,
    )
    return space


def test_plain_data_arrays_and_tensors_come_out_equal():
    import torch

    variables = {
        "plain": {"a": [1, (2.5, None)], "b": {"x"}},
        "array": np.arange(6).reshape(2, 3),
        "tensor": torch.eye(3),
    }
    packed = {p.name: pickle.loads(p.content) for p in pack_variables(variables, variables)}
    assert packed["plain"] == variables["plain"]
    assert (packed["array"] == variables["array"]).all()
    assert torch.equal(packed["tensor"], variables["tensor"])


def test_the_pickle_can_be_read_by_a_process_that_never_saw_the_notebook():
    (packed,) = pack_variables(["a"], {"a": collections.OrderedDict(x=1)})
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)['x'])"
    done = subprocess.run(
        [sys.executable, "-c", program], input=packed.content, capture_output=True, check=True
    )
    assert done.stdout == b"1\n"


def test_kind_and_size_are_shown():
    (packed,) = pack_variables(["x"], {"x": np.zeros((1797, 64))})
    assert str(packed) == "x (ndarray 1797x64, 920.2 kB)"


def test_frames_show_their_shape():
    import pandas as pd

    assert describe_kind(pd.DataFrame({"a": [1, 2]})) == "DataFrame 2x1"
    assert describe_kind(3) == "int"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (15_400_000, "15.4 MB"),
        (999_999, "1000 kB"),
        (3e9, "3 GB"),
    ],
)
def test_sizes_are_readable(size, text):
    assert readable_size(int(size)) == text


def test_an_undefined_name_is_refused_with_the_nearest_one():
    with pytest.raises(SpecError, match=r"--in wieghts: there is no such variable; did you mean"):
        pack_variables(["wieghts"], {"weights": 1, "_weights": 2})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("net", "an object of the class 'Net', defined in the notebook"),
        ("Net", "the class 'Net', defined in the notebook"),
        ("loss", "the function 'loss', defined in the notebook"),
        ("square", "the function '<lambda>', defined in the notebook"),
        ("table", "the class 'Net', defined in the notebook"),
    ],
)
def test_what_the_notebook_defines_is_refused(notebook, name, reason):
    with pytest.raises(SpecError, match=f"--in {name}: it is or contains {reason}") as caught:
        pack_variables([name], notebook)
    assert "--source-dir" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (os, "the module 'os'; import it in the cell"),
        ((n for n in ()), "a generator; send list"),
        (threading.Lock(), "of threads"),
        (threading.Event(), "of threads"),
        ({"deep": [os]}, "the module 'os'"),
        (types.SimpleNamespace(m=memoryview(b"a")), "cannot be pickled"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason(value, reason):
    with pytest.raises(SpecError, match=reason) as caught:
        pack_variables(["good", "bad"], {"good": 1, "bad": value})
    assert str(caught.value).startswith("--in bad: ")


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "data").open("w") as file, pytest.raises(SpecError, match="send its path"):
        pack_variables(["file"], {"file": file})
