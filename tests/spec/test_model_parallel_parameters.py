"""``parameters`` of ``smdistributed.modelparallel``: ranges, and what excludes what."""

from __future__ import annotations

import json

import pytest

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.distribution import Distribution

ON = {"enabled": True}


def smp(version_key="mpi", **parameters):
    return {
        "smdistributed": {"modelparallel": {"enabled": True, "parameters": parameters}},
        version_key: ON,
    }


def test_parameters_may_be_the_path_of_a_json_file(tmp_path):
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps({"partitions": 2}))
    given = smp()
    given["smdistributed"]["modelparallel"]["parameters"] = str(path)
    assert Distribution.from_sagemaker(given).parameters == {"partitions": 2}


def test_the_parameters_are_a_copy():
    given = smp(partitions=2)
    distribution = Distribution.from_sagemaker(given)
    given["smdistributed"]["modelparallel"]["parameters"]["partitions"] = 3
    assert distribution.parameters == {"partitions": 2}


# Names of the rows as in SageMaker's own validation, where it has one.
REFUSED = {
    "smp_bad_microbatches": (smp(microbatches=0), "microbatches=0 must be a positive integer"),
    "smp_partitions_str": (smp(partitions="2"), "partitions='2' must be a positive integer"),
    "smp active": (smp(active_microbatches=-1), "active_microbatches=-1"),
    "smp_bad_pipeline": (smp(pipeline="fast"), "pipeline='fast' must be one of 'simple'"),
    "smp_bad_placement": (smp(placement_strategy="random"), "placement_strategy='random'"),
    "smp_bad_optimize": (smp(optimize="cost"), "optimize='cost' must be one of 'speed'"),
    "smp_auto_partition_false": (smp(auto_partition=False), "default_partition must be supplied"),
    "smp_default_partition_big": (
        smp(partitions=2, auto_partition=False, default_partition=2),
        "default_partition=2 must be less than partitions=2",
    ),
    "default partition by degree": (
        smp(pipeline_parallel_degree=2, default_partition=2),
        "must be less than partitions=2",
    ),
    "smp_memory_weight": (smp(memory_weight=1.5), "memory_weight=1.5 must be a number between"),
    "smp_partition_file": (smp(partition_file=3), "partition_file=3 must be a str"),
    "smp_ddp_port_without_ddp": (smp(ddp_port=9000), "ddp_port=9000 needs 'ddp': True"),
    "smp_ddp_dist_backend_without_ddp": (smp(ddp_dist_backend="nccl"), "needs 'ddp': True"),
    "smp_bad_port": (smp(ddp=True, ddp_port=-1), "ddp_port=-1 must be an integer from 1 to 65535"),
    "smp_horovod_and_ddp": (smp(ddp=True, horovod=True), "'ddp' and 'horovod' cannot"),
    "smp_params_string_missing": (
        {"smdistributed": {"modelparallel": {"enabled": True, "parameters": "no.json"}}, "mpi": ON},
        "parameters='no.json' cannot be read",
    ),
    "parameters not a dict": (
        {"smdistributed": {"modelparallel": {"enabled": True, "parameters": [1]}}, "mpi": ON},
        "must be a dict or the path",
    ),
    "two names for one degree": (
        smp(partitions=2, pipeline_parallel_degree=4),
        "partitions=2 and pipeline_parallel_degree=4",
    ),
    "tensor without ddp": (smp(tensor_parallel_degree=2), "tensor_parallel_degree=2 needs 'ddp'"),
    "two precisions": (smp(fp16=True, bf16=True), "'fp16' and 'bf16'"),
    "sharded pipeline": (
        smp(ddp=True, sharded_data_parallel_degree=2, partitions=2),
        "excludes pipeline parallelism",
    ),
    "sharded twice": (
        smp(ddp=True, sharded_data_parallel_degree=2, shard_optimizer_state=True),
        "shards the optimizer already",
    ),
    "misspelt parameter": (smp(partition=2), "unknown parameter 'partition'; did you mean 'parti"),
    "smp 2 degree": (
        smp("torch_distributed", hybrid_shard_degree=-1),
        "hybrid_shard_degree=-1 must be an integer of at least 0",
    ),
    "not a boolean": (smp(ddp="yes"), "ddp='yes' must be True or False"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused(case):
    given, words = REFUSED[case]
    with pytest.raises(DistributionError) as caught:
        Distribution.from_sagemaker(given)
    assert words in str(caught.value)
    assert caught.value.argument == "distribution"


@pytest.mark.parametrize("placement", ["cluster", "spread", "PTD", "TDP"])
def test_every_placement_of_the_library_is_accepted(placement):
    given = smp(placement_strategy=placement)
    assert Distribution.from_sagemaker(given).parameters["placement_strategy"] == placement


def test_undocumented_parameters_pass_silently_and_unknown_ones_with_a_warning(recwarn):
    Distribution.from_sagemaker(smp(fast_mode=True, _match_weights=False))
    assert not recwarn.list
    with pytest.warns(UserWarning, match="unknown parameter 'zeppelin'"):
        kept = Distribution.from_sagemaker(smp(zeppelin=1))
    assert kept.parameters == {"zeppelin": 1}
    with pytest.warns(UserWarning, match="'partitions', of version 1, started by mpi"):
        Distribution.from_sagemaker(smp("torch_distributed", partitions=2))
