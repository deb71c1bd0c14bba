"""The estimators whose requests are recorded: plain JSON, so that both libraries can build them.

``{"$": "TrainingInput", ...}`` stands for an object of that class. Every case has the debugger and
the profiler off, as ours have them by default, unless it is about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from options import OPTIONS  # beside this file

Case = dict[str, Any]
ON = {"enabled": True}
ROLE = "arn:aws:iam::123456789012:role/Training"
QUIET = {"debugger_hook_config": False, "disable_profiler": True}
DATA = "s3://data/train"


def cases() -> Iterator[Case]:
    """Every case, under a name of its own."""
    yield from _strategies()
    yield from _options()
    yield from _inputs()
    yield from _pairs()


def case(name: str, kind: str, inputs: Any = DATA, **arguments: Any) -> Case:
    """One case; None takes an argument away."""
    usual = {"entry_point": "train.py", "role": ROLE, **QUIET, "output_path": "s3://out/models"}
    given = {n: v for n, v in {**usual, **arguments}.items() if v is not None}
    return {"name": name, "class": kind, "arguments": given, "inputs": inputs}


def torch(version: str, python: str, kind: str = "ml.p4d.24xlarge", count: int = 2) -> Case:
    """Arguments of a PyTorch estimator."""
    return {
        "framework_version": version,
        "py_version": python,
        "instance_type": kind,
        "instance_count": count,
    }


OLD, MIDDLE, NEW = torch("1.12.0", "py38"), torch("2.0.1", "py310"), torch("2.5.1", "py311")
TRN = torch("1.11.0", "py38", "ml.trn1.32xlarge")
CPU = torch("2.5.1", "py311", "ml.m5.xlarge", 1)
FLOW = torch("2.11.0", "py39")
MX = torch("1.9.0", "py38", "ml.p3.16xlarge")
HF = {"transformers_version": "4.26.0", "pytorch_version": "1.13.1", "py_version": "py39"}
HF |= {"instance_type": "ml.p4d.24xlarge", "instance_count": 2}
HF_FLOW = {**HF, "pytorch_version": None, "tensorflow_version": "2.6.3"}
HF_FLOW |= {"transformers_version": "4.17.0", "py_version": "py38"}
SMP = {"partitions": 2, "microbatches": 4, "pipeline": "interleaved", "ddp": True}
MPI = {"enabled": True, "processes_per_host": 8, "custom_mpi_options": "--verbose -x A=1"}
MODEL_PARALLEL = {"modelparallel": {"enabled": True, "parameters": SMP}}
V2 = {"hybrid_shard_degree": 2, "tensor_parallel_degree": 4}
SMDDP = {"dataparallel": {"enabled": True, "custom_mpi_options": "-verbose -x NCCL_DEBUG=VERSION"}}


def _strategies() -> Iterator[Case]:
    dp = {"smdistributed": {"dataparallel": ON}}
    torchrun = {"torch_distributed": ON}
    rows = {
        "torch smddp": ("PyTorch", OLD, dp),
        "torch smddp options": ("PyTorch", OLD, {"smdistributed": SMDDP}),
        "torch smddp 2.0": ("PyTorch", MIDDLE, dp),
        "torch smddp one node": ("PyTorch", {**OLD, "instance_count": 1}, dp),
        "torch smddp p5": ("PyTorch", {**MIDDLE, "instance_type": "ml.p5.48xlarge"}, dp | torchrun),
        "torch smp": ("PyTorch", OLD, {"smdistributed": MODEL_PARALLEL, "mpi": MPI}),
        "torch smp v2": (
            "PyTorch",
            torch("2.2.0", "py310"),
            {"smdistributed": {"modelparallel": {"enabled": True, "parameters": V2}}} | torchrun,
        ),
        "torch mpi": ("PyTorch", NEW, {"mpi": MPI}),
        "torch mpi bare": ("PyTorch", NEW, {"mpi": ON}),
        "torch pytorchddp": ("PyTorch", MIDDLE, {"pytorchddp": ON}),
        "torch pytorchddp options": (
            "PyTorch",
            MIDDLE,
            {"pytorchddp": {"enabled": True, "custom_mpi_options": "-x A=1"}},
        ),
        "torch pytorchddp 1.12": ("PyTorch", OLD, {"pytorchddp": ON}),
        "torch torchrun": ("PyTorch", NEW, torchrun),
        "torch torchrun trainium": ("PyTorch", TRN, torchrun),
        "torch parameter server": ("PyTorch", CPU, {"parameter_server": ON}),
        "torch plain": ("PyTorch", NEW, None),
        "torch off": ("PyTorch", NEW, {"torch_distributed": {"enabled": False}}),
        "flow parameter server": ("TensorFlow", FLOW, {"parameter_server": ON}),
        "flow mirrored": ("TensorFlow", FLOW, {"multi_worker_mirrored_strategy": ON}),
        "flow mpi": ("TensorFlow", FLOW, {"mpi": MPI}),
        "flow smddp": ("TensorFlow", FLOW, dp),
        "flow plain": ("TensorFlow", FLOW, None),
        "mxnet mpi": ("MXNet", MX, {"mpi": MPI}),
        "mxnet parameter server": ("MXNet", MX, {"parameter_server": ON}),
        "mxnet plain": ("MXNet", MX, None),
        "hf smddp": ("HuggingFace", HF, dp),
        "hf pytorchddp": ("HuggingFace", HF, {"pytorchddp": ON}),
        "hf torchrun": ("HuggingFace", HF, torchrun),
        "hf smp": ("HuggingFace", HF, {"smdistributed": MODEL_PARALLEL, "mpi": MPI}),
        "hf mpi": ("HuggingFace", HF, {"mpi": MPI}),
        "hf plain": ("HuggingFace", HF, None),
        "hf flow": ("HuggingFace", HF_FLOW, None),
    }
    for name, (kind, arguments, distribution) in rows.items():
        yield case(name, kind, **arguments, distribution=distribution)
    yield from _groups()
    yield from _compiled()


def _groups() -> Iterator[Case]:
    gpus = {"$": "InstanceGroup", "instance_group_name": "gpus"}
    gpus |= {"instance_type": "ml.p4d.24xlarge", "instance_count": 2}
    cpus = {"$": "InstanceGroup", "instance_group_name": "cpus"}
    cpus |= {"instance_type": "ml.c5.xlarge", "instance_count": 1}
    bare = {n: v for n, v in MIDDLE.items() if not n.startswith("instance_")}
    for name, strategy in {
        "mpi": {"mpi": ON},
        "smddp": {"smdistributed": {"dataparallel": ON}},
        "torchrun": {"torch_distributed": ON},
    }.items():
        chosen = {**strategy, "instance_groups": [gpus]}
        yield case(
            f"groups {name}", "PyTorch", **bare, instance_groups=[gpus, cpus], distribution=chosen
        )
    yield case("groups one", "PyTorch", **bare, instance_groups=[gpus], distribution={"mpi": ON})
    source = {"$": "TrainingInput", "s3_data": DATA, "instance_groups": ["cpus"]}
    yield case("groups channel", "PyTorch", {"a": source}, **bare, instance_groups=[gpus, cpus])


def _compiled() -> Iterator[Case]:
    config = {"$": "TrainingCompilerConfig", "enabled": True, "debug": True}
    trained = torch("1.13.1", "py39", "ml.p3.2xlarge", 1)
    many = {
        **HF,
        "transformers_version": "4.21.1",
        "pytorch_version": "1.11.0",
        "py_version": "py38",
    }
    many |= {"instance_type": "ml.p3.16xlarge"}
    flow = torch("2.10.1", "py39", "ml.p3.2xlarge", 1)
    xla = {"pytorchxla": ON}
    yield case("compiled torch", "PyTorch", **trained, compiler_config=config)
    yield case("compiled hf", "HuggingFace", **many, compiler_config=config, distribution=xla)
    yield case("compiled flow", "TensorFlow", **flow, compiler_config=config)


def _options() -> Iterator[Case]:
    for name, arguments in OPTIONS.items():
        yield case(f"option {name}", "PyTorch", **{**NEW, **arguments})
    experiment = {"ExperimentName": "digits", "TrialName": "one", "RunName": "first"}
    yield case("experiment", "PyTorch", **NEW) | {"experiment_config": experiment}
    yield case("flow model_dir", "TensorFlow", **FLOW, model_dir="s3://out/mine")
    yield case("flow no model_dir", "TensorFlow", **FLOW, model_dir=False)
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    bare = {"image_uri": image, "instance_type": "ml.g5.xlarge", "instance_count": 1}
    yield case("plain with a script", "Estimator", **bare, hyperparameters={"a": "b", "c": True})
    yield case("plain", "Estimator", **bare, entry_point=None, hyperparameters={"a": 1, "c": True})
    yield case("old image", "PyTorch", **torch("1.2.0", "py3", "ml.p3.2xlarge", 1))
    yield case("old flow", "TensorFlow", **torch("1.12", "py3", "ml.m5.xlarge", 1))
    yield case("cuda 11", "PyTorch", **torch("1.6.0", "py36"))


def _inputs() -> Iterator[Case]:
    def source(**given: Any) -> Case:
        return {"$": "TrainingInput", "s3_data": "s3://data/x", **given}

    lustre = {"$": "FileSystemInput", "file_system_id": "fs-0123456789abcdef0"}
    lustre |= {"file_system_type": "FSxLustre", "directory_path": "/fsx/data"}
    efs = {**lustre, "file_system_type": "EFS", "file_system_access_mode": "rw"}
    augmented = {
        "s3_data_type": "AugmentedManifestFile",
        "attribute_names": ["source-ref", "class"],
    }
    augmented |= {"input_mode": "Pipe", "record_wrapping": "RecordIO"}
    rows = {
        "none": None,
        "two": {"train": "s3://data/a", "test": "s3://data/b"},
        "sharded": {"train": source(distribution="ShardedByS3Key")},
        "gzip": {"train": source(compression="Gzip", input_mode="Pipe")},
        "no gzip": {"train": source(compression="None")},
        "typed": {"train": source(content_type="text/csv")},
        "manifest": {"train": source(s3_data_type="ManifestFile")},
        "augmented": {"train": source(**augmented)},
        "shuffled": {"train": source(shuffle_config={"$": "ShuffleConfig", "seed": 7})},
        "fast": {"train": source(input_mode="FastFile")},
        "same mode": {"train": source(input_mode="File")},
        "target": {"train": source(target_attribute_name="y")},
        "one object": source(content_type="a/b"),
        "record": {"train": source(record_wrapping="RecordIO")},
    }
    for name, inputs in rows.items():
        yield case(f"inputs {name}", "PyTorch", inputs, **NEW)
    vpc = OPTIONS["vpc"]
    yield case("inputs lustre", "PyTorch", {"fs": lustre}, **NEW, **vpc)
    yield case("inputs efs", "PyTorch", {"fs": efs, "train": DATA}, **NEW, **vpc)
    yield case(
        "inputs file in pipe", "PyTorch", {"a": source(input_mode="File")}, **NEW, input_mode="Pipe"
    )


def _pairs() -> Iterator[Case]:
    """Strategies of several frameworks, each with every group of options that may meet."""
    strategies = {
        "mpi": {"mpi": MPI},
        "smddp": {"smdistributed": SMDDP},
        "smp": {"smdistributed": MODEL_PARALLEL, "mpi": MPI},
        "torchrun": {"torch_distributed": ON},
    }
    meeting = ("spot", "pool", "vpc", "keys", "checkpoints", "no output path", "environment")
    for (label, strategy), option in product(strategies.items(), meeting):
        arguments = {**MIDDLE, **OPTIONS[option], "distribution": strategy}
        yield case(f"{label} with {option}", "PyTorch", **arguments)
    many = {n: v for name in meeting[2:] for n, v in OPTIONS[name].items()}
    for kind, usual in {"TensorFlow": FLOW, "HuggingFace": HF, "MXNet": MX}.items():
        yield case(f"{kind} with many", kind, **{**usual, **many, **OPTIONS["spot"]})
