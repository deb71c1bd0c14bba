"""What of a folder of code stays at home unasked: what git ignores, notebooks, data, secrets.

``.sdtignore`` has the last word in both directions: ``!labels.csv`` takes a file along.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from jupyter_sdt.launch.source.ignore import IgnorePatterns

NOTEBOOK, GIT = "a notebook", "git ignores it"
# What nobody misses; other reasons are told when a job starts, too.
EXPECTED = (NOTEBOOK, GIT)
# Reason -> patterns in the language of .sdtignore.
_REASONS: Mapping[str, tuple[str, ...]] = {
    NOTEBOOK: ("*.ipynb",),
    "a likely secret": (
        *(".env", ".env.*", "!.env.example", "*.pem", "*.p12", "*.pfx", "*.key", "*.keytab"),
        *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".ssh/", ".aws/", ".netrc"),
        *(".git-credentials", ".pypirc", ".npmrc", ".htpasswd", "kaggle.json"),
        *("credentials", "credentials.json", "*-credentials.json", "*_credentials.json"),
        *("service_account*.json", "secrets.json", "secrets.y*ml", "secrets.toml"),
    ),
}
_RULES = {reason: IgnorePatterns.parse(patterns) for reason, patterns in _REASONS.items()}
# Small ones may be labels or a vocabulary, which belong to the code.
LARGE_DATA_BYTES = 10_000_000
_DATA = frozenset(
    [
        ".arrow",
        ".avro",
        ".bin",
        ".bz2",
        ".ckpt",
        ".csv",
        ".db",
        ".feather",
        ".gguf",
        ".gz",
        ".h5",
        ".hdf5",
        ".json",
        ".jsonl",
        ".mp4",
        ".npy",
        ".npz",
        ".onnx",
        ".orc",
        ".parquet",
        ".pickle",
        ".pkl",
        ".pt",
        ".pth",
        ".rec",
        ".safetensors",
        ".sqlite",
        ".tar",
        ".tfrecord",
        ".tgz",
        ".tsv",
        ".txt",
        ".wav",
        ".xz",
        ".zip",
        ".zst",
    ]
)
_GIT_SECONDS = 10


def why_left_out(name: str, entry: os.DirEntry[str], git_ignores: frozenset[str]) -> str:
    """Return the reason why an entry stays at home; an empty string when it does not.

    ``name`` is relative to the folder, a folder's ends in "/".
    """
    if name in git_ignores:
        return GIT
    for reason, rules in _RULES.items():
        if rules.ignores(name):
            return reason
    if Path(name).suffix.lower() in _DATA and entry.is_file():
        size = entry.stat().st_size
        if size > LARGE_DATA_BYTES:
            return f"{size / 1e6:,.0f} MB of data: give it as a channel"
    return ""


def ignored_by_git(root: Path) -> frozenset[str]:
    """What git ignores below ``root``, folders ending in "/"; nothing outside of a repository.

    Nothing either where git is not installed, or where ``root`` itself is ignored: whoever trains
    from such a folder means what lies in it.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return frozenset()
    command = ["git", "-C", str(root), "ls-files", "--others", "--ignored", "--exclude-standard"]
    try:
        told = subprocess.run(
            [*command, "--directory", "-z"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_GIT_SECONDS,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    names = frozenset(os.fsdecode(name) for name in told.split(b"\0") if name)
    return frozenset() if "./" in names else names
