"""All that is needed to run a job again, as one zip archive without a secret in it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_sdt.server.environment import Conditions, read_environment
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# Larger sources and inputs are named, not copied or read.
_SOURCE_BYTES = 64 << 20
_HASHED_BYTES = 8 << 30
_SEEDS = ("seed", "random_seed", "manual_seed", "random_state")
_VERSIONS = (
    "import platform;from importlib.metadata import distributions;"
    "print('# Python', platform.python_version());"
    "print(*sorted({f'{d.name}=={d.version}' for d in distributions() if d.name}), sep='\\n')"
)
_README = """# {name}

{script} on {ranks} rank(s), {instances} x {instance_type}.

    pip install -r versions.txt
    python run.py

`run.py` starts `source/{entry_point}` as the job was started: hyperparameters, distribution,
environment and the variables of `--in`, which lie in `variables/` as pickles. Inputs are not in
here: `inputs.json` names each with the SHA-256 of its files, and `run.py` expects them where they
were.
Variables with secrets were never written down: set {secrets} before the start. Seed: {seed}.
`versions.txt` is what the job's Python had installed when the job was started; where that was not
recorded, when this archive was made.
"""
_RUN = """import json
from pathlib import Path

from jupyter_sdt import Distribution, Estimator

here = Path(__file__).resolve().parent
spec = json.loads((here / "job.json").read_text())
estimator = Estimator(
    entry_point=spec["entry_point"],
    source_dir=str(here / "source"),
    instance_type=spec["instance_type"],
    instance_count=spec["instance_count"],
    distribution=Distribution.from_json(spec["distribution"]),
    hyperparameters=spec["hyperparameters"],
    hyperparameter_style=spec["hyperparameter_style"],
    environment=spec["environment"],
    metric_definitions=[
        {"Name": metric["name"], "Regex": metric["regex"]} for metric in spec["metric_definitions"]
    ],
)
job = estimator.start(
    {channel["name"]: channel["uri"] for channel in spec["channels"]} or None,
    variables={path.stem: path.read_bytes() for path in here.glob("variables/*.pickle")},
)
print(job.name)
for line in job.logs(follow=True):
    print(line)
job.wait()
"""


def make_bundle(directory: JobDirectory) -> bytes:
    """Return the archive. Reads all inputs for their hashes; raises SdtError for a damaged job."""
    spec = directory.read_spec()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in _sources(directory):
            archive.write(path, f"{spec.job_name}/source/{name}")
        for path in sorted(directory.variables_in.glob("*.pickle")):
            archive.write(path, f"{spec.job_name}/variables/{path.name}")
        for name, text in _texts(spec, read_environment(directory)["conditions"]).items():
            archive.writestr(f"{spec.job_name}/{name}", text)
    return content.getvalue()


def _texts(spec: JobSpec, conditions: Conditions | None) -> dict[str, str]:
    return {
        "README.md": _readme(spec),
        "run.py": _RUN,
        "job.json": json.dumps(spec.to_json(), indent=1),
        "inputs.json": json.dumps(_inputs(spec), indent=1),
        "versions.txt": _versions(spec, conditions),
    }


def _readme(spec: JobSpec) -> str:
    seed = next((spec.hyperparameters[key] for key in _SEEDS if key in spec.hyperparameters), None)
    return _README.format(
        name=spec.job_name,
        script=spec.cell.label if spec.cell else spec.entry_point,
        ranks=spec.world_size,
        instances=spec.instance_count,
        instance_type=spec.instance_type,
        entry_point=spec.entry_point,
        secrets=", ".join(spec.secret_names) or "none",
        seed="set by the script, if at all" if seed is None else seed,
    )


def _sources(directory: JobDirectory) -> Iterator[tuple[str, Path]]:
    left = _SOURCE_BYTES
    for path in sorted(directory.source.rglob("*")):
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
            left -= path.stat().st_size
            if left >= 0:
                yield path.relative_to(directory.source).as_posix(), path


def _inputs(spec: JobSpec) -> list[dict[str, object]]:
    return [
        {"channel": channel.name, "uri": channel.uri, "sha256": dict(_hashes(channel.uri))}
        for channel in spec.channels
    ]


def _hashes(uri: str) -> Iterator[tuple[str, str]]:
    """SHA-256 of each file of a local input; of what lies elsewhere nothing is known here."""
    root = Path(uri.removeprefix("file://"))
    if "://" in str(uri).removeprefix("file://"):
        return
    left = _HASHED_BYTES
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if path.is_file():
            left -= path.stat().st_size
            name = path.relative_to(root).as_posix() if root.is_dir() else path.name
            yield name, _hash(path) if left >= 0 else "not read: the inputs are too large"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions(spec: JobSpec, conditions: Conditions | None) -> str:
    """What the job's interpreter had installed, or else has now, as pip freeze would say."""
    if conditions is None:
        return _versions_now(spec.python)
    lines = [f"# Python {conditions['python']}, when the job was started"]
    lines += [f"{name}=={version}" for name, version in conditions["packages"].items()]
    return "\n".join([*lines, ""])


def _versions_now(python: str) -> str:
    try:
        done = subprocess.run(
            [python, "-c", _VERSIONS], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return f"# {python} could not be asked\n"
    return done.stdout
