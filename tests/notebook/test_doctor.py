from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.notebook.doctor import diagnose


class Shell:
    """All that a line of flags needs of a shell."""

    def __init__(self) -> None:
        self.user_ns: dict[str, object] = {}


def test_a_local_job_is_told_what_it_will_be_started_with(tmp_path, monkeypatch):
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    text = repr(diagnose(Shell(), "--processes 2"))
    assert "torch" in text
    assert "nursery" in text
    assert f"{tmp_path / 'jobs'}, " in text
    assert not (tmp_path / "jobs").exists()


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path, monkeypatch):
    place = tmp_path / "file"
    place.write_text("")
    monkeypatch.setenv("SDT_JOBS_DIR", str(place / "jobs"))
    monkeypatch.setattr("os.access", lambda *_: False)
    findings = {f.what: f for f in diagnose(Shell(), "").findings}
    assert findings["jobs"].state == "wrong"
    assert "set SDT_JOBS_DIR" in findings["jobs"].said


def test_what_was_found_never_becomes_html(monkeypatch, tmp_path):
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "<b>jobs"))
    assert "&lt;b&gt;jobs" in diagnose(Shell(), "")._repr_html_()


def test_without_a_region_the_rest_is_told_all_the_same(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    line = "--instance-type ml.g5.xlarge --role arn:aws:iam::123456789012:role/R"
    found = {f.what: f for f in diagnose(Shell(), line).findings}
    assert {"Python", "jobs", "launch"} == {*found}
    assert (found["launch"].state, "set AWS_REGION" in found["launch"].said) == ("wrong", True)


def test_flags_are_those_of_the_training_magic():
    with pytest.raises(SpecError, match="did you mean '--processes'"):
        diagnose(Shell(), "--procesess 2")
