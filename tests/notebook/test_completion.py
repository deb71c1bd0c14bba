"""Tab completes flags, what they accept and names of jobs, on the magics' lines alone."""

import pytest
from IPython.core.completer import provisionalcompleter

from jupyter_sdt.cells.flags import FLAGS


def completed(ipython, line):
    """What a Tab at the end of the line offers."""
    with provisionalcompleter():
        return [found.text for found in ipython.Completer.completions(line, len(line))]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%%sdt_train --proc", ["--processes"]),
        ("%%sdt_train --processes 2 --", [f"--{name}" for name in FLAGS]),
        ("%%sdt_train --launcher to", ["torchrun"]),
        ("%%sdt_train --distribution data", ["dataparallel"]),
    ],
)
def test_flags_and_their_choices_are_offered(ipython, line, offered):
    assert completed(ipython, line) == offered


def test_jobs_are_offered_by_name_and_variables_as_ever(ipython, jobs):
    name = jobs.write("").job_name
    ipython.user_ns["images"] = 1
    assert completed(ipython, f"%sdt_logs {name[:-1]}") == [name]
    assert completed(ipython, "%%sdt_train --in imag") == ["images"]
    assert completed(ipython, "imag") == ["images"]
