"""The archive with which a job can be run again."""

import hashlib
import io
import json
import zipfile

from jupyter_sdt.spec.job_spec import Channel

SCRIPT = "print('hello')\n"


async def test_a_bundle_has_source_versions_hashes_and_no_secret(jp_fetch, store, tmp_path) -> None:
    data = tmp_path / "training-data"
    data.mkdir()
    (data / "a.csv").write_text("1,2\n")
    directory = store.ended(
        channels=(Channel(name="training", uri=f"file://{data}"),),
        hyperparameters={"seed": 7, "lr": 0.1},
        secret_names=("MY_TOKEN",),
    )
    (directory.source / "entry_point.py").write_text(SCRIPT)
    reply = await jp_fetch("jupyter-sdt", "jobs", directory.job_name, "bundle")
    assert reply.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        texts = {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()}
    assert texts["source/entry_point.py"] == SCRIPT
    assert "jupyter-sdt==" in texts["versions.txt"]
    assert "Seed: 7" in texts["README.md"]
    assert "set MY_TOKEN" in texts["README.md"]
    (training,) = json.loads(texts["inputs.json"])
    assert training["sha256"] == {"a.csv": hashlib.sha256(b"1,2\n").hexdigest()}
    assert json.loads(texts["job.json"])["hyperparameters"] == {"seed": 7, "lr": 0.1}
    compile(texts["run.py"], "run.py", "exec")
