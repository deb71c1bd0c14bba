"""Hyperparameters on their way to the script: a file of strings, variables and an argv list.

The rules are those of SageMaker's SDK 2.x (writing) and training toolkit (reading), except that
the arguments stay a list to the end: no shell ever sees them, so spaces, quotes, ``$`` and ``;``
arrive as they were given. What the shell makes of an empty string is kept: published examples write
``{"fp16": ""}`` for a bare ``--fp16``.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.training_hyperparameters import distribution_keys
from jupyter_sdt.spec.job_spec import JobSpec

# The toolkit keeps these, and every name that begins with "sagemaker_", away from the script.
RESERVED = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_s3_output",
        "default_user_module_name",
        "_tuning_objective_metric",
    }
)


def hyperparameter_arguments(spec: JobSpec) -> tuple[str, ...]:
    """Return the script's arguments in the job's ``hyperparameter_style``.

    ======================  ===============  ================  ============
    value of ``flag``       ``sagemaker``    ``json``          ``switch``
    ======================  ===============  ================  ============
    ``True``                --flag True      --flag true       --flag
    ``False``               --flag False     --flag false      (left out)
    ``None``                --flag ""        --flag null       (left out)
    ``""``                  --flag           --flag ""         --flag ""
    ``[1, "a"]``            --flag [1, 'a']  --flag [1, "a"]   as sagemaker
    ``{"b": 1, "a": "x"}``  --flag a=x,b=1   --flag {"b": 1,   as sagemaker
                                             "a": "x"}
    order and short names   sorted, ``-f``   as given, ``--``  as sagemaker
    ======================  ===============  ================  ============

    Raises SpecError for a value that JSON or a command line cannot carry.
    """
    given = user_hyperparameters(spec)
    parts: dict[str, tuple[str, ...]]
    if spec.hyperparameter_style == "json":
        parts = {key: (f"--{key}", _json_text(value)) for key, value in given.items()}
    else:
        words = _switch_words if spec.hyperparameter_style == "switch" else _sagemaker_words
        parts = {key: words(_flag(key), given[key]) for key in sorted(given)}
    return tuple(_checked_word(key, word) for key, words in parts.items() for word in words)


def user_hyperparameters(spec: JobSpec) -> dict[str, Any]:
    """Return what reaches the script, in the user's order, as JSON brings it there."""
    return {k: v for k, v in _decoded(spec).items() if not _is_framework(k)}


def framework_parameters(spec: JobSpec) -> dict[str, Any]:
    """Return ``SM_FRAMEWORK_PARAMS``: every ``sagemaker_`` name that the toolkit does not keep."""
    everything = {**_injected(spec), **_decoded(spec)}
    return {k: v for k, v in everything.items() if _is_framework(k) and k not in RESERVED}


def encoded_hyperparameters(spec: JobSpec) -> dict[str, str]:
    """Return ``hyperparameters.json``: every value JSON-encoded, the SDK's own included."""
    return {k: json.dumps(v) for k, v in {**_injected(spec), **_decoded(spec)}.items()}


def _is_framework(name: str) -> bool:
    return name in RESERVED or name.startswith("sagemaker_")


def _injected(spec: JobSpec) -> dict[str, Any]:
    return {
        "sagemaker_program": spec.entry_point,
        "sagemaker_container_log_level": spec.sagemaker.get("container_log_level") or 20,
        "sagemaker_job_name": spec.job_name,
        **_injected_by_distribution(spec),
    }


def _injected_by_distribution(spec: JobSpec) -> dict[str, Any]:
    match spec.distribution.strategy:
        case "pytorchddp":
            enabled = "sagemaker_pytorch_ddp_enabled"
            return {enabled: True, "sagemaker_instance_type": spec.instance_type}
        case "torch_distributed" | "smdataparallel":
            return distribution_keys(spec)
        case "mpi" | "modelparallel":
            # On SageMaker the toolkit counts; here it is settled already.
            processes = {"sagemaker_mpi_num_of_processes_per_host": spec.processes_per_node}
            return distribution_keys(spec) | processes
    return {}


def _decoded(spec: JobSpec) -> dict[str, Any]:
    """What is left of the values after the way through JSON: tuples are lists, keys strings."""
    given = dict(spec.hyperparameters)
    if spec.distribution.strategy == "modelparallel":
        # The library's settings reach the script as one more hyperparameter.
        given["mp_parameters"] = dict(spec.distribution.parameters)
    return {_checked_name(k): _through_json(k, v) for k, v in given.items()}


def _checked_name(name: str) -> str:
    if not name or any(character in name for character in "=\0"):
        raise SpecError(
            f"hyperparameters: {name!r} cannot be a name: it becomes --NAME and SM_HP_NAME, "
            "so it must not be empty nor hold '=' or a NUL character",
            argument="hyperparameters",
        )
    return name


def _checked_word(name: str, word: str) -> str:
    if "\0" in word:
        raise SpecError(
            f"hyperparameters[{name!r}] holds a NUL character, which no argument can carry",
            argument="hyperparameters",
        )
    return word


def _through_json(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"hyperparameters[{name!r}] = {value!r} cannot be written as JSON: {error}; "
            "give a number, string, bool, None, list or dict",
            argument="hyperparameters",
        ) from None


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flag(key: str) -> str:
    return f"-{key}" if len(key) == 1 else f"--{key}"


def _sagemaker_words(flag: str, value: Any) -> tuple[str, ...]:
    return (flag,) if value == "" else (flag, _plain_text(value))


def _switch_words(flag: str, value: Any) -> tuple[str, ...]:
    if value is None or value is False:
        return ()
    return (flag,) if value is True else (flag, _plain_text(value))


def _plain_text(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in sorted(value.items()))
    return "" if value is None else str(value)
