"""Arguments of an estimator by themselves, for the cases of cases.py."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    "spot": {"use_spot_instances": True, "max_run": 3600, "max_wait": 7200},
    "retries": {"max_retry_attempts": 3},
    "pool": {"keep_alive_period_in_seconds": 600},
    "vpc": {"subnets": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]},
    "keys": {"output_kms_key": "alias/out", "volume_kms_key": "alias/volume"},
    "checkpoints": {"checkpoint_s3_uri": "s3://out/checkpoints"},
    "checkpoint path": {
        "checkpoint_s3_uri": "s3://out/checkpoints",
        "checkpoint_local_path": "/opt/ml/other",
    },
    "isolation": {"enable_network_isolation": True, "encrypt_inter_container_traffic": True},
    "no isolation": {"enable_network_isolation": False, "encrypt_inter_container_traffic": False},
    "tags": {"tags": [{"Key": "team", "Value": "a"}, {"Key": "x", "Value": ""}]},
    "tags as dict": {"tags": {"team": "a"}},
    "environment": {"environment": {"LEVEL": "3", "EMPTY": ""}},
    "no environment": {"environment": {}},
    "metrics": {"metric_definitions": [{"Name": "loss", "Regex": "loss=(.*)"}]},
    "no metrics": {"metric_definitions": []},
    "time series off": {"enable_sagemaker_metrics": False},
    "time series on": {"enable_sagemaker_metrics": True},
    "loose output": {"disable_output_compression": True},
    "volume": {"volume_size": 100, "max_run": 60},
    "code location": {"code_location": "s3://code/prefix/"},
    "code location bare": {"code_location": "s3://code"},
    "no output path": {"output_path": None},
    "output path slash": {"output_path": "s3://out/deep/models/"},
    "log level": {"container_log_level": 10},
    "pipe": {"input_mode": "Pipe"},
    "fast file": {"input_mode": "FastFile"},
    "container": {"container_entry_point": ["/bin/sh"], "container_arguments": ["-c", "x"]},
    "infrastructure check": {"enable_infra_check": True},
    "infrastructure unchecked": {"enable_infra_check": False},
    "remote debug": {"enable_remote_debug": True},
    "no remote debug": {"enable_remote_debug": False},
    "training plan": {"training_plan": "arn:aws:sagemaker:eu-west-1:123456789012:training-plan/p"},
    "placement": {
        "instance_placement_config": {
            "EnableMultipleJobs": False,
            "PlacementSpecifications": [{"UltraServerId": "u", "InstanceCount": 2}],
        }
    },
    "registry": {
        "image_uri": "registry.example.com/mine:1",
        "training_repository_access_mode": "Vpc",
        "training_repository_credentials_provider_arn": (
            "arn:aws:lambda:eu-west-1:123456789012:function:login"
        ),
        "subnets": ["subnet-1"],
        "security_group_ids": ["sg-1"],
    },
    "tag chaining": {"enable_session_tag_chaining": True},
    "model": {"model_uri": "s3://models/a/model.tar.gz"},
    "model channel": {"model_uri": "s3://models/a/m.tar.gz", "model_channel_name": "start"},
    "source dir": {"source_dir": "src"},
    "source on s3": {"source_dir": "s3://code/sourcedir.tar.gz"},
    "dependencies": {"dependencies": ["lib"]},
    "shell": {"entry_point": "run.sh"},
    "image": {"image_uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"},
    "short version": {"framework_version": "2.5", "py_version": "py311"},
    "tensorboard": {
        "tensorboard_output_config": {
            "$": "TensorBoardOutputConfig",
            "s3_output_path": "s3://out/board",
            "container_local_output_path": "/opt/ml/output/tensorboard",
        }
    },
    "hook": {
        "debugger_hook_config": {"$": "DebuggerHookConfig", "s3_output_path": "s3://out/hook"}
    },
    "profiler": {
        "disable_profiler": None,
        "profiler_config": {"$": "ProfilerConfig", "s3_output_path": "s3://out/profile"},
    },
    "debugger by default": {"debugger_hook_config": None, "disable_profiler": None},
    "hyperparameters": {
        "hyperparameters": {
            "text": "a 'b' \"c\"; $X",
            "on": True,
            "off": False,
            "none": None,
            "number": 1e-5,
            "list": [1, {"a": 2}],
            "dict": {"b": [True, None]},
            "é": "ü",
            "count": 3,
            "e": "",
            "sagemaker_s3_output": "s3://out/x",
        }
    },
    "toolkit's own": {"hyperparameters": {"sagemaker_distributed_dataparallel_enabled": True}},
}
