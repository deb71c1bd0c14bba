"""sagemaker_training.environment: what a node is told about its job, read from its config files.

https://github.com/aws/sagemaker-training-toolkit. ``SAGEMAKER_BASE_DIR`` says where the files lie;
it is /opt/ml on SageMaker and the node's own folder here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
_FRAMEWORK = "sagemaker_"


def read_hyperparameters() -> dict[str, Any]:
    """``hyperparameters.json``: each value read as JSON where it is JSON, else as text."""
    return {name: _decoded(text) for name, text in _read("hyperparameters.json").items()}


def read_resource_config() -> dict[str, Any]:
    """``resourceconfig.json``: the hosts of the job and this one."""
    return _read("resourceconfig.json")


def read_input_data_config() -> dict[str, Any]:
    """``inputdataconfig.json``: the settings of each channel."""
    return _read("inputdataconfig.json")


class Environment:
    """The toolkit's view of one node. Raises FileNotFoundError where there are no config files."""

    def __init__(
        self,
        resource_config: dict[str, Any] | None = None,
        input_data_config: dict[str, Any] | None = None,
        hyperparameters: dict[str, Any] | None = None,
    ) -> None:
        everything = read_hyperparameters() if hyperparameters is None else hyperparameters
        self.resource_config = resource_config or read_resource_config()
        self.input_data_config = input_data_config or read_input_data_config()
        own = {k: v for k, v in everything.items() if not k.startswith(_FRAMEWORK)}
        framework = {k: v for k, v in everything.items() if k.startswith(_FRAMEWORK)}
        self.hyperparameters = own
        self.additional_framework_parameters = framework
        self.job_name = framework.get("sagemaker_job_name", "")
        self.user_entry_point = framework.get("sagemaker_program", "")
        self.module_name = self.user_entry_point.removesuffix(".py")
        self.log_level = framework.get("sagemaker_container_log_level", 20)
        self._name_hosts()
        self._name_folders()
        self.num_cpus = _number("SM_NUM_CPUS", os.cpu_count() or 1)
        self.num_gpus = _number("SM_NUM_GPUS", 0)
        self.num_neurons = _number("SM_NUM_NEURONS", 0)

    def _name_hosts(self) -> None:
        config = self.resource_config
        self.hosts: list[str] = config["hosts"]
        self.distribution_hosts = self.hosts
        self.current_host: str = config["current_host"]
        self.current_instance_type = config.get("current_instance_type", "local")
        self.current_instance_group = config.get("current_group_name", "homogeneousCluster")
        self.instance_groups = [g["instance_group_name"] for g in config["instance_groups"]]
        self.is_hetero = len(self.instance_groups) > 1
        self.network_interface_name = config.get("network_interface_name", "eth0")
        self.master_hostname = self.hosts[0]
        self.is_master = self.current_host == self.master_hostname

    def _name_folders(self) -> None:
        self.input_dir = str(BASE / "input")
        self.input_config_dir = str(BASE / "input" / "config")
        self.model_dir = str(BASE / "model")
        self.output_dir = str(BASE / "output")
        self.output_data_dir = str(BASE / "output" / "data")
        self.output_intermediate_dir = str(BASE / "output" / "intermediate")
        self.module_dir = os.environ.get("SM_MODULE_DIR", str(BASE / "code"))
        channels = BASE / "input" / "data"
        self.channel_input_dirs = {name: str(channels / name) for name in self.input_data_config}

    def to_cmd_args(self) -> list[str]:
        """The hyperparameters as command-line arguments, as the script got them."""
        arguments: list[str] = json.loads(os.environ.get("SM_USER_ARGS", "[]"))
        return arguments

    def to_env_vars(self) -> dict[str, str]:
        """The variables ``SM_*`` that say the same."""
        return {name: value for name, value in os.environ.items() if name.startswith("SM_")}

    def properties(self) -> list[str]:
        """The names of everything that is known."""
        return sorted(vars(self))


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((BASE / "input" / "config" / name).read_text())
    return content


def _number(name: str, otherwise: int) -> int:
    return int(os.environ.get(name, str(otherwise)))


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
