"""What a local job leaves for S3: ``output_path`` and the last of ``checkpoint_s3_uri``.

``python -m jupyter_sdt.launch.channels.s3_results JOB`` does the work. What cannot be
sent stays where it is, and the message says where.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SdtError
from jupyter_sdt.launch.channels.s3_checkpoints import CheckpointSync
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.launch.remote.training_request import split_s3
from jupyter_sdt.launch.source.locations import list_files
from jupyter_sdt.launch.supervision.side_process import run_aside, tell
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory


def send_results(spec: JobSpec, directory: JobDirectory) -> None:
    """Send what belongs to S3. Raises LaunchError that says what stays here, and where."""
    if spec.output_path.startswith("s3://") or spec.checkpoint_uri.startswith("s3://"):
        run_aside("channels.s3_results", str(directory.path))


def _send_checkpoints(client: Any, spec: JobSpec, directory: JobDirectory) -> None:
    if not spec.checkpoint_uri.startswith("s3://"):
        return
    sync = CheckpointSync(client, directory, spec.checkpoint_uri)
    with_reason = f"checkpoint_s3_uri {spec.checkpoint_uri}"
    _explained(lambda: sync.send(settled=False), with_reason, sync.folder)


def _send_artifacts(client: Any, spec: JobSpec, directory: JobDirectory) -> None:
    if not spec.output_path.startswith("s3://"):
        return
    target = f"{spec.output_path.rstrip('/')}/{spec.job_name}/output"
    key = spec.sagemaker.get("output_kms_key")
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    for name, path in list_files(directory.artifacts).files:
        bucket, where = split_s3(f"{target}/{name}")

        def send(path: Path = path, bucket: str = bucket, where: str = where) -> None:
            client.upload_file(str(path), bucket, where, ExtraArgs=extra)

        _explained(send, f"output_path {spec.output_path}", directory.artifacts)
        # It lies in S3 now; the files it was made from are in nodes/ still.
        path.unlink()


def _explained(work: Callable[[], None], what: str, kept: Path) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named here
        told = error if isinstance(error, SdtError) else explain(error, resource=what)
        raise LaunchError(f"{told}; nothing is lost, it lies in {kept}") from None


def _everything(directory: JobDirectory) -> None:
    spec = directory.read_spec()
    client = Service(find_region()).s3
    wrong = []
    for send in (_send_checkpoints, _send_artifacts):
        try:
            send(client, spec, directory)
        except SdtError as error:  # the other may succeed
            wrong.append(str(error))
    if wrong:
        raise LaunchError("; ".join(wrong))


if __name__ == "__main__":
    sys.exit(tell(lambda: _everything(JobDirectory(Path(sys.argv[1])))))
