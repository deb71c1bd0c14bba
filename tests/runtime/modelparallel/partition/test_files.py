"""Partitions on disk, as far as they are checked before there is a model."""

from __future__ import annotations

import json

import pytest
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition import assign_stages
from jupyter_sdt.runtime.modelparallel.partition.files import (
    check_partition_file,
    load_assignment,
    save_assignment,
)


def test_what_was_written_passes_and_is_loaded_again(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    path, found = str(tmp_path / "new" / "cut.json"), assign_stages(model, 2)
    save_assignment(found, path)
    check_partition_file(path, 2)
    assert load_assignment(path, model, 2) == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("does not exist", "leave load_partition out")),
        ("{", ("cannot be read",)),
        ("[]", ("is no partition",)),
        (json.dumps({"stages": 3, "modules": []}), ("holds 3 stages", "partitions=2")),
    ],
)
def test_what_cannot_be_loaded_is_refused_by_the_name_of_the_parameter(tmp_path, content, words):
    path = tmp_path / "cut.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpecError) as caught:
        check_partition_file(str(path), 2)
    assert caught.value.argument == "partition_file"
    assert all(word in str(caught.value) for word in words)
    assert str(path) in str(caught.value) or content == "[]"


def test_loading_needs_a_path():
    with pytest.raises(SpecError, match="needs 'partition_file'"):
        check_partition_file("", 2)


def test_where_no_folder_can_be_made_nothing_is_written(tmp_path):
    (tmp_path / "file").touch()
    found = assign_stages(nn.Linear(2, 2), 1)
    with pytest.raises(SpecError, match=r"partition_file=.* cannot be written"):
        save_assignment(found, str(tmp_path / "file" / "cut.json"))
