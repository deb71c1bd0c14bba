"""FastFile channels of local jobs: mounted where that can be done, else brought here whole."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import signal
import textwrap
from pathlib import Path

import psutil
import pytest
from support import until

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import JobError

BIG = os.urandom(9 << 20)  # more than two blocks
# Reads what it needs of a large object with a program that knows nothing of Python.
SCRIPT = """
import hashlib, os, pathlib, subprocess
root = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
print(sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()))
print(subprocess.run(["tail", "-c", "5000000", root / "big"], capture_output=True).stdout[:8].hex())
print(hashlib.md5((root / "big").read_bytes()).hexdigest())
print((root / "empty").read_bytes(), (root / "deep" / "c").read_text())
"""
WRITING = """
import os
try:
    open(os.environ["SM_CHANNEL_TRAIN"] + "/a", "w")
except OSError as error:
    print(error.strerror)
"""


def mountable() -> bool:
    if importlib.util.find_spec("mfusepy") is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return False
    try:
        importlib.import_module("mfusepy")
    except OSError:  # no libfuse
        return False
    return os.geteuid() == 0


@pytest.fixture
def account(aws):
    made = aws()
    for name, content in {"a": b"1", "deep/c": b"3", "empty": b"", "big": BIG}.items():
        made.put(f"s3://bucket/data/{name}", content)
    return made


def run(tmp_path: Path, script: str, uri: str = "s3://bucket/data/", **arguments):
    entry_point = tmp_path / "train.py"
    entry_point.write_text(script)
    channel = TrainingInput(uri, input_mode="FastFile")
    job = PyTorch(entry_point=str(entry_point), **arguments).start({"train": channel})
    job.wait(timeout_seconds=90)
    return job


def expected() -> list[str]:
    return [
        "['a', 'big', 'deep/c', 'empty']",
        BIG[-5000000:-4999992].hex(),
        hashlib.md5(BIG).hexdigest(),
        "b'' 3",
    ]


needs_fuse = pytest.mark.skipif("not mountable()", reason="mounting needs mfusepy, libfuse, root")


@needs_fuse
def test_a_mounted_channel_reads_what_is_asked_for_and_leaves_no_mount(account, tmp_path):
    job = run(tmp_path, SCRIPT)
    assert list(job.logs()) == expected()
    assert job.state().notes == ()
    assert str(job.directory.path) not in Path("/proc/self/mountinfo").read_text()
    assert list(job.directory.fetched("train").iterdir()) == []


@needs_fuse
def test_nobody_writes_into_the_channel(account, tmp_path):
    assert list(run(tmp_path, WRITING).logs()) == ["Read-only file system"]


@needs_fuse
def test_an_object_that_changes_meanwhile_is_an_error_and_never_wrong_bytes(account, tmp_path):
    change = f"""
        import boto3, os
        with open(os.environ["SM_CHANNEL_TRAIN"] + "/big", "rb") as file:
            first = file.read(100)
            boto3.client("s3").put_object(Bucket="bucket", Key="data/big", Body=b"x" * {len(BIG)})
            try:
                file.seek(8 << 20)
                print(file.read(100)[:1])
            except OSError as error:
                print(error.strerror)
        """
    job = run(tmp_path, textwrap.dedent(change))
    assert list(job.logs()) == ["Input/output error"]
    assert "was changed while it was being read" in job.directory.supervisor_log.read_text()


@needs_fuse
def test_a_server_that_dies_leaves_no_mount_either(account, tmp_path):
    entry_point = tmp_path / "train.py"
    entry_point.write_text("import time\nprint('up', flush=True)\ntime.sleep(600)\n")
    channel = TrainingInput("s3://bucket/data/", input_mode="FastFile")
    job = PyTorch(entry_point=str(entry_point)).start({"train": channel})
    until(lambda: list(job.logs()) == ["up"], 60)
    place = str(job.directory.path)
    found = [p for p in psutil.process_iter(["cmdline"]) if place in (p.info["cmdline"] or ())]
    os.kill(found[0].pid, signal.SIGKILL)
    job.stop()
    job.wait(timeout_seconds=60)
    assert place not in Path("/proc/self/mountinfo").read_text()


# What is not there, and what the note says: the library's name, or what else a machine lacks.
ABSENCES = [
    ({"SDT_FAST_FILE": "copy"}, "SDT_FAST_FILE=copy"),
    ({"FUSE_LIBRARY_PATH": "/nowhere/libfuse3.so"}, "libfuse3.so|mfusepy|/dev/fuse"),
]


@pytest.mark.parametrize(("absence", "why"), ABSENCES)
def test_without_a_mount_the_channel_is_brought_here_and_a_note_says_why(
    account, tmp_path, monkeypatch, absence, why
):
    for name, value in absence.items():
        monkeypatch.setenv(name, value)
    job = run(tmp_path, SCRIPT)
    assert list(job.logs()) == expected()
    (note,) = job.state().notes
    assert re.search(f"copied whole, not read on demand: .*({why})", note)
    assert str(job.directory.path) not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize(
    ("wish", "told"),
    [("mount", "forbids to copy"), ("muont", "must be copy, mount or empty; did you mean 'mount'")],
)
def test_data_that_must_not_be_copied_is_not(account, tmp_path, monkeypatch, wish, told):
    monkeypatch.setenv("SDT_FAST_FILE", wish)
    monkeypatch.setenv("FUSE_LIBRARY_PATH", "/nowhere/libfuse3.so")
    with pytest.raises(JobError, match=told):
        run(tmp_path, SCRIPT)


def test_an_empty_prefix_is_said(account, tmp_path):
    with pytest.raises(JobError, match=r"inputs\['train'\]: s3://bucket/none holds no objects"):
        run(tmp_path, SCRIPT, "s3://bucket/none")
