from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.source import bundle as source_bundle
from jupyter_sdt.launch.source.bundle import bundle_source, find_source
from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.store.job_directory import job_directory


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    for name, text in {
        "train.py": "import helpers\n",
        "run.sh": "echo hello\n",
        "helpers/__init__.py": "",
        "helpers/__pycache__/x.pyc": "",
        ".git/config": "",
        ".venv/bin/python": "",
        ".ipynb_checkpoints/train.py": "",
        "data/big.bin": "x" * 100,
        "requirements.txt": "numpy\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return root


def bundled(jobs: Jobs, **arguments: object) -> tuple[str, Path]:
    """Bundle into a fresh job; returns the entry point and ``source/``."""
    jobs.count += 1
    directory = job_directory(f"bundle-{jobs.count}", jobs.root)
    directory.create()
    return bundle_source(directory, **arguments), directory.source


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def refused(**arguments: object) -> SpecError:
    with pytest.raises(SpecError) as caught:
        find_source(**arguments)
    return caught.value


def test_a_cell_becomes_the_entry_point_unchanged(jobs: Jobs) -> None:
    text = "\n\nprint('ü')  # line 3"
    entry, source = bundled(jobs, cell_source=text)
    assert (entry, names(source)) == ("entry_point.py", ["entry_point.py"])
    assert (source / entry).read_text(encoding="utf-8") == text


def test_a_folder_is_copied_less_what_is_never_code(jobs: Jobs, project: Path) -> None:
    entry, source = bundled(jobs, entry_point="train.py", source_dir="project")
    assert entry == "train.py"
    assert names(source) == [
        "data/big.bin",
        "helpers/__init__.py",
        "requirements.txt",
        "run.sh",
        "train.py",
    ]


def test_an_ignore_file_keeps_files_out(jobs: Jobs, project: Path) -> None:
    (project / ".sdtignore").write_text("# not code\ndata/\n*.txt\n.sdtignore\n")
    _, source = bundled(jobs, entry_point="train.py", source_dir=str(project))
    assert names(source) == ["helpers/__init__.py", "run.sh", "train.py"]


def test_a_cell_may_use_modules_of_a_folder(jobs: Jobs, project: Path) -> None:
    entry, source = bundled(jobs, cell_source="import helpers", source_dir=f"file://{project}")
    assert (source / entry).read_text() == "import helpers"
    assert (source / "helpers" / "__init__.py").exists()


def test_a_script_without_a_folder_comes_alone(jobs: Jobs, project: Path) -> None:
    entry, source = bundled(jobs, entry_point="project/train.py")
    assert (entry, names(source)) == ("train.py", ["train.py"])


def test_a_shell_script_can_be_executed_wherever_it_lies(jobs: Jobs, project: Path) -> None:
    (project / "tools").mkdir()
    (project / "run.sh").rename(project / "tools" / "run.sh")
    entry, source = bundled(jobs, entry_point="tools/../tools/run.sh", source_dir=str(project))
    assert entry == "tools/run.sh"
    assert stat.S_IMODE((source / entry).stat().st_mode) == 0o700


def test_an_absolute_entry_point_inside_the_folder_is_fine(jobs: Jobs, project: Path) -> None:
    arguments = {"entry_point": str(project / "train.py"), "source_dir": str(project)}
    assert bundled(jobs, **arguments)[0] == "train.py"


def test_dependencies_lie_beside_the_entry_point(jobs: Jobs, project: Path, tmp_path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "code.py").touch()
    (tmp_path / "single.py").touch()
    _, source = bundled(
        jobs, entry_point="project/train.py", dependencies=["library/", "single.py"]
    )
    assert names(source) == ["library/code.py", "single.py", "train.py"]


def test_jobs_kept_inside_the_project_are_not_copied_into_jobs(jobs, project, monkeypatch) -> None:
    monkeypatch.setenv("SDT_JOBS_DIR", str(project / "jobs"))
    inside = Jobs(project / "jobs")
    for _ in range(2):
        _, source = bundled(inside, entry_point="train.py", source_dir=str(project))
    assert not [name for name in names(source) if name.startswith("jobs/")]


def test_links_inside_the_project_are_copied_as_files(jobs: Jobs, project: Path) -> None:
    (project / "alias").symlink_to("helpers")
    (project / ".#train.py").symlink_to("user@host.123:456")  # an editor's lock
    _, source = bundled(jobs, entry_point="train.py", source_dir=str(project))
    assert (source / "alias" / "__init__.py").is_file()
    assert not (source / "alias").is_symlink()


def test_the_originals_are_safe_from_the_job(jobs: Jobs, project: Path) -> None:
    _, source = bundled(jobs, entry_point="train.py", source_dir=str(project))
    (source / "train.py").write_text("changed")
    assert (project / "train.py").read_text() == "import helpers\n"


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({"entry_point": "trian.py"}, "entry_point", "trian.py does not exist; did you mean 'tra"),
        ({"entry_point": "helpers"}, "entry_point", "helpers is a folder, not a file"),
        ({"entry_point": ""}, "entry_point", "entry_point is missing"),
        ({"entry_point": "../x.py"}, "entry_point", "'../x.py' leads out of source_dir="),
        ({"entry_point": "/etc/hosts"}, "entry_point", "'/etc/hosts' leads out of source_dir="),
        ({"source_dir": "projekt"}, "source_dir", "is not a folder; did you mean 'project'?"),
        ({"source_dir": "project/run.sh"}, "source_dir", "run.sh is not a folder"),
        ({"dependencies": ["lib"]}, "dependencies", "lib does not exist"),
        ({"dependencies": ["project/train.py"]}, "dependencies", "train.py would lie twice"),
    ],
)
def test_what_is_missing_or_in_the_way_is_refused_by_argument(
    project: Path, arguments: dict[str, object], argument: str, message: str
) -> None:
    error = refused(**({"entry_point": "train.py", "source_dir": "project"} | arguments))
    assert error.argument == argument
    assert re.search(re.escape(message), str(error))


def test_a_missing_script_without_a_folder_is_looked_for_nearby(project: Path) -> None:
    assert "did you mean 'train.py'?" in str(refused(entry_point="project/trian.py"))


def test_a_name_that_the_cell_needs_must_be_free(project: Path, tmp_path: Path) -> None:
    (tmp_path / "entry_point.py").touch()
    error = refused(cell_source="", dependencies=["entry_point.py"])
    assert "entry_point.py would lie twice in the job's source folder, once from the cell" in str(
        error
    )
    (project / "entry_point.py").touch()
    assert "entry_point.py would lie twice" in str(refused(cell_source="", source_dir="project"))


def test_an_entry_point_that_the_ignore_file_names_is_explained(project: Path) -> None:
    (project / ".sdtignore").write_text("*.py\n")
    error = refused(entry_point="train.py", source_dir="project")
    assert "train.py is left out by .sdtignore" in str(error)


@pytest.mark.parametrize("target", ["secret", "elsewhere"])
def test_links_that_lead_out_are_refused_before_they_are_followed(
    project: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secret").touch()
    (project / "link").symlink_to(tmp_path / target)
    error = refused(entry_point="train.py", source_dir="project")
    assert "link is a link that leads out of" in str(error)
    (project / ".sdtignore").write_text("/link\n")
    find_source(entry_point="train.py", source_dir="project")


def test_a_folder_that_is_more_than_code_names_its_largest_file(project, monkeypatch) -> None:
    with (project / "data" / "huge.so").open("wb") as file:
        file.truncate(source_bundle.LARGEST_BYTES)
    error = refused(entry_point="train.py", source_dir="project")
    assert "the largest is data/huge.so (1,074 MB)" in str(error)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nif x\n", "Cell In[7], line 2: expected ':'\n    if x"),
        ("return 1", "Cell In[7], line 1: 'return' outside function"),
        ("x = '\ud800'", "Cell In[7] cannot be Python"),
    ],
)
def test_a_cell_that_is_no_python_is_refused_with_its_line(source: str, message: str) -> None:
    error = refused(cell_source=source, cell=Cell(execution_count=7))
    assert str(error).startswith(message)
    assert error.argument == "cell"


def test_a_script_that_is_no_python_is_refused_with_file_and_line(project: Path) -> None:
    (project / "train.py").write_text("# coding: latin-1\nx = = 1\n")
    error = refused(entry_point="project/train.py")
    assert "project/train.py, line 2: invalid syntax\n    x = = 1" in str(error)


def test_only_the_entry_points_own_warnings_are_given(recwarn: pytest.WarningsRecorder) -> None:
    find_source(cell_source="x = 1 is 1\ny = '\\d'\n")
    assert list(recwarn) == []


def test_other_files_than_python_are_not_parsed(jobs: Jobs, project: Path) -> None:
    (project / "run.sh").write_text("if then else (")
    assert bundled(jobs, entry_point="project/run.sh")[0] == "run.sh"


def test_a_source_folder_on_s3_is_refused_with_the_backend_it_needs() -> None:
    with pytest.raises(LaunchError, match="source_dir: s3://b/code lies in S3"):
        find_source(entry_point="x.py", source_dir="s3://b/code")


def test_a_full_disk_is_a_launch_error(tiny_disk: Path, project: Path) -> None:
    (project / "data" / "big.bin").write_bytes(os.urandom(2 << 20))
    with pytest.raises(LaunchError, match=r"the source cannot be copied: .*No space left"):
        bundled(Jobs(tiny_disk), entry_point="train.py", source_dir="project")


def test_an_ignore_file_that_cannot_be_read_is_named(project: Path) -> None:
    (project / ".sdtignore").write_bytes(b"\xff\xfe")
    assert "the source cannot be read" in str(refused(entry_point="train.py", source_dir="project"))
