"""From the lines of a traceback to the user's own notebook and files."""

import pytest

from jupyter_sdt.server.error_frames import below, error_frames
from jupyter_sdt.spec.job_spec import Cell

CELL = "# %%sdt_train\nvalues = [1]\nvalues[7]\n"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "a.ipynb").write_text("{}")
    return folder


def frames(store, root, traceback, **fields):
    directory = store.jobs.write(CELL, **fields)
    return error_frames(traceback, directory.read_spec(), directory, root)


def test_a_line_of_a_cell_is_found_with_the_text_it_had(store, root):
    cell = Cell(execution_count=2, notebook=str(root / "a.ipynb"), cell_id="4f")
    traceback = "Traceback\n  Cell In[2], line 3, in <module>\n    values[7]\nIndexError"
    (frame,) = frames(store, root, traceback, cell=cell)
    assert frame["text"] == "Cell In[2], line 3"
    assert (frame["path"], frame["cell_id"], frame["is_cell"]) == ("a.ipynb", "4f", True)
    assert (frame["line"], frame["source_line"]) == (3, "values[7]")


def test_files_lead_to_what_they_were_copied_from_below_the_root_alone(store, root):
    for name in ("train.py", "model.py"):
        (root / name).write_text("a = 1\nraise ValueError\n")
    fields = {"source_dir": str(root), "entry_point_file": str(root / "train.py")}
    directory = store.jobs.write("a = 1\nraise ValueError\n", entry_point="train.py", **fields)
    (directory.source / "model.py").write_text("b = 1\n")
    names = [directory.source / "train.py", directory.source / "model.py", __file__]
    traceback = "".join(f'  File "{name}", line 2, in f\n' for name in names)
    found = error_frames(traceback, directory.read_spec(), directory, root)
    assert [(frame["path"], frame["line"]) for frame in found] == [("train.py", 2), ("model.py", 2)]
    assert [frame["source_line"] for frame in found] == ["raise ValueError", ""]


def test_no_path_leads_out_of_the_servers_root(root):
    outside = root.parent / "secret.py"
    outside.write_text("")
    (root / "link.py").symlink_to(outside)
    assert below(root, "a.ipynb") == "a.ipynb"
    assert [below(root, path) for path in ("../secret.py", str(outside), "link.py")] == [""] * 3
    assert below(None, "a.ipynb") == ""
