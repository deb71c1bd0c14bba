import datetime as dt
import re
from importlib import metadata

from jupyter_sdt.scaling.conditions import cpu_model, current_conditions
from jupyter_sdt.spec.job_spec import JobSpec


def test_conditions_say_machine_software_threads_and_day():
    spec = JobSpec(
        job_name="job",
        entry_point="a.py",
        python="python",
        created_seconds=1_700_000_000,
        environment={"OMP_NUM_THREADS": "3"},
    )
    text = str(current_conditions(spec))
    assert f"torch {metadata.version('torch')}" in text
    assert re.search(r"\d+ cores, 3 thread", text)
    assert "2023-11-1" in text
    assert "GPU" not in text


def test_before_any_job_the_day_is_today():
    assert current_conditions(None).date[:10] == dt.datetime.now().astimezone().date().isoformat()


def test_the_processor_is_named_as_its_maker_does(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Fast CPU 9000 @ 3 GHz\n")
    assert cpu_model(file) == "Fast CPU 9000 @ 3 GHz"
    assert cpu_model(tmp_path / "missing") != ""
