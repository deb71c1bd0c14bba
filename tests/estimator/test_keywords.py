"""Names and copies: what happens to arguments before anything looks at their meaning."""

from __future__ import annotations

import copy
import inspect
import warnings
from pathlib import Path

import pytest

from jupyter_sdt import Estimator, HuggingFace, MXNet, PyTorch, TensorFlow
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.keywords import NAMES, OLD_NAMES

OLD_VALUES = {
    "train_instance_type": "local",
    "train_instance_count": 2,
    "train_max_run": 60,
    "train_use_spot_instances": False,
    "train_max_wait": None,
    "train_volume_size": 10,
    "train_volume_kms_key": "k",
    "distributions": {"mpi": {"enabled": True}},
    "image_name": "i",
}


@pytest.mark.parametrize("old", OLD_NAMES)
def test_names_of_sdk_1_work_with_a_warning_at_the_users_line(old):
    with pytest.warns(UserWarning, match=f"{old} .* use {OLD_NAMES[old]}") as caught:
        estimator = PyTorch(**{old: OLD_VALUES[old]})
    assert getattr(estimator, OLD_NAMES[old]) == (
        OLD_VALUES[old] or getattr(estimator, OLD_NAMES[old])
    )
    assert caught[0].filename == __file__


def test_old_and_new_name_together_are_refused():
    with (
        pytest.warns(UserWarning, match="SDK 1.x"),
        pytest.raises(SpecError, match="instance_count is given twice: 1 and 2"),
    ):
        Estimator(instance_count=1, train_instance_count=2)


def test_script_mode_is_dropped_with_a_warning():
    with pytest.warns(UserWarning, match="script_mode"):
        TensorFlow(script_mode=True)


def test_a_misspelt_old_name_points_to_the_new_one():
    with pytest.raises(SpecError, match="did you mean 'instance_type'"):
        Estimator(train_instance_typ="local")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Estimator, ["i", "r", 1, "local"]),
        (PyTorch, ["e.py", "2.0", "py310", "s", {"a": 1}, "i", {}]),
        (TensorFlow, ["py310", "2.9", "/m", "i", {}]),
        (HuggingFace, ["py39", "e.py", "4.26", None, "1.13", "s", {"a": 1}, "i", {}]),
        (MXNet, ["e.py", "1.9", "py38", "s", {"a": 1}, "i", {}]),
    ],
)
def test_positional_arguments_are_sagemakers(kind, values):
    estimator = kind(*values)
    given = {n: v for n, v in zip(kind.positional, values, strict=False) if v is not None}
    shown = {name: getattr(estimator, name) for name in given if name != "hyperparameters"}
    assert shown == {name: value for name, value in given.items() if name != "hyperparameters"}


def test_too_many_positional_arguments_are_refused():
    with pytest.raises(SpecError, match="5 positional arguments were given, there are 4"):
        Estimator(1, 2, 3, 4, 5)


def test_help_shows_every_keyword():
    for kind in (Estimator, PyTorch, HuggingFace):
        shown = inspect.signature(kind).parameters
        assert set(shown) == set(NAMES)
        assert tuple(shown)[: len(kind.positional)] == kind.positional


def test_none_means_not_given_and_defaults_are_sagemakers():
    estimator = Estimator(instance_count=None, role=None)
    assert (estimator.instance_type, estimator.instance_count) == ("local", 1)
    assert (estimator.max_run, estimator.input_mode, estimator.volume_size) == (86400, "File", 30)
    assert estimator.role is None


def test_paths_may_be_path_objects(tmp_path: Path):
    estimator = Estimator(source_dir=tmp_path, dependencies=[tmp_path])
    assert (estimator.source_dir, estimator.dependencies) == (str(tmp_path), [str(tmp_path)])


def test_nothing_the_caller_passed_is_changed_or_shared():
    given = {
        "hyperparameters": {"a": [1]},
        "environment": {"A": "b"},
        "distribution": {"mpi": {"enabled": True}},
        "metric_definitions": [{"Name": "a", "Regex": "(.)"}],
    }
    before = copy.deepcopy(given)
    estimator = Estimator(**given)
    estimator.set_hyperparameters(a=2, b=3)
    assert given == before
    given["hyperparameters"]["a"].append(2)
    assert estimator.hyperparameters() == {"a": 2, "b": 3}


def test_what_cannot_be_copied_is_kept_as_it_is():
    class Session:
        def __deepcopy__(self, memo):
            raise RuntimeError

    rule = Session()
    assert Estimator(sagemaker_session=rule).sagemaker_session is rule
    assert Estimator(debugger_hook_config=rule).debugger_hook_config is rule


def test_assigning_checks_like_the_constructor():
    estimator = Estimator()
    estimator.instance_count = 2
    assert estimator.instance_count == 2
    with pytest.raises(SpecError, match="instance_count=0"):
        estimator.instance_count = 0
    assert estimator.instance_count == 2


def test_a_misspelt_attribute_has_a_hint():
    with pytest.raises(AttributeError, match="did you mean 'instance_type'"):
        Estimator().instance_typ  # noqa: B018


def test_another_estimator_differs_only_where_told():
    first = PyTorch(processes_per_node=2, hyperparameters={"a": 1})
    second = first.with_arguments(processes_per_node=4)
    assert type(second) is PyTorch
    assert (first.processes_per_node, second.processes_per_node) == (2, 4)
    assert second.hyperparameters() == {"a": 1}
    assert second.with_arguments(processes_per_node=None).processes_per_node is None


def test_values_of_the_environment_are_not_shown():
    assert "abc" not in repr(Estimator(environment={"HF_TOKEN": "abc"}))


def test_estimators_can_be_copied():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert copy.copy(Estimator(instance_count=2)).instance_count == 2
