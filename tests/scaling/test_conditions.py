import re
from importlib import metadata

from jupyter_sdt.scaling.conditions import cpu_model, current_conditions


def test_conditions_say_machine_software_threads_and_day():
    text = str(current_conditions(gpus=0, threads_per_rank="1"))
    assert f"torch {metadata.version('torch')}" in text
    assert re.search(r"\d+ cores, 1 thread", text)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text)
    assert "GPU" not in text
    assert "2 GPU" in str(current_conditions(gpus=2, threads_per_rank=""))


def test_the_processor_is_named_as_its_maker_does(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Fast CPU 9000 @ 3 GHz\n")
    assert cpu_model(file) == "Fast CPU 9000 @ 3 GHz"
    assert cpu_model(tmp_path / "missing") != ""
