"""Data that a rehearsed job gets in other ways than as files."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.estimator.inputs import FileSystemInput

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
SCRIPT = """
import os
folder = os.environ["SM_INPUT_DIR"] + "/data"
with open(f"{folder}/lines_0", "rb") as pipe:
    print(pipe.read())
print(open(os.environ["SM_CHANNEL_SHARED"] + "/a").read())
print(sorted(os.listdir(folder + "/code")))
"""


def test_streams_file_systems_and_code_without_a_network(aws, tmp_path: Path, monkeypatch):
    account = aws()
    account.put("s3://bucket/object", b"pixels ")
    line = {"image-ref": "s3://bucket/object", "label": "cat"}
    account.put("s3://bucket/list", json.dumps(line).encode())
    shared = tmp_path / "mount" / "data"
    shared.mkdir(parents=True)
    (shared / "a").write_text("on the file system")
    monkeypatch.setenv("SDT_FILE_SYSTEMS", f"fs-0123456789abcdef0={tmp_path / 'mount'}")
    (tmp_path / "train.py").write_text(SCRIPT)
    estimator = PyTorch(
        entry_point=str(tmp_path / "train.py"),
        role=ROLE,
        instance_type="ml.m5.large",
        instance_count=1,
        framework_version="2.5.1",
        py_version="py311",
        output_path="s3://bucket/out",
        enable_network_isolation=True,
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
    )
    lines = TrainingInput(
        "s3://bucket/list",
        s3_data_type="AugmentedManifestFile",
        input_mode="Pipe",
        attribute_names=["image-ref", "label"],
    )
    file_system = FileSystemInput("fs-0123456789abcdef0", "EFS", "/data")
    estimator.fit({"lines": lines, "shared": file_system}, job_name="data")
    assert account.log("data") == [
        "b'pixels cat'",
        "on the file system",
        "['sourcedir.tar.gz']",
    ]
