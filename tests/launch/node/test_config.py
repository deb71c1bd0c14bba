from __future__ import annotations

from support import Jobs

from jupyter_sdt.launch.node.config import INTERFACE, input_data_config, resource_config
from jupyter_sdt.spec.job_spec import Channel


def test_hosts_are_sorted_as_words_like_sagemakers(jobs: Jobs) -> None:
    config = resource_config(jobs.spec(instance_count=11), "algo-2")
    assert config["hosts"][:4] == ["algo-1", "algo-10", "algo-11", "algo-2"]
    assert config["instance_groups"][0]["hosts"] == config["hosts"]


def test_the_cluster_is_described_with_sagemakers_keys(jobs: Jobs) -> None:
    assert resource_config(jobs.spec(), "algo-1") == {
        "current_host": "algo-1",
        "current_instance_type": "local",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "local",
                "hosts": ["algo-1"],
            }
        ],
        "network_interface_name": INTERFACE,
    }


def test_channels_are_described_as_sagemaker_does_fastfile_as_file(jobs: Jobs) -> None:
    channels = (
        Channel(name="train", uri="/a", input_mode="FastFile", content_type="text/csv"),
        Channel(
            name="more",
            uri="/b",
            input_mode="Pipe",
            distribution="ShardedByS3Key",
            record_wrapping="RecordIO",
        ),
    )
    assert input_data_config(jobs.spec(channels=channels)) == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
        "more": {
            "TrainingInputMode": "Pipe",
            "S3DistributionType": "ShardedByS3Key",
            "RecordWrapperType": "RecordIO",
        },
    }
