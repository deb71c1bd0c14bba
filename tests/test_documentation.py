"""What the documents name exists, and what exists is named: links, files, flags, commands."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from jupyter_sdt.cells.flags import FLAGS
from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.notebook import words
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import Cell, Channel, JobSpec, MetricDefinition, StudyPoint
from jupyter_sdt.spec.job_status import JobState, Transition
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*/*.md")]
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
HOUSE = ROOT / "docs" / "house.md"
JOB_PAGE = ROOT / "docs" / "job_directory.md"
MAGICS_PAGE = ROOT / "docs" / "magics.md"
JSON_KINDS = (
    *(JobSpec, Distribution, Channel, MetricDefinition, Cell, StudyPoint),
    *(LaunchPlan, ProcessPlan, JobState, Transition, MetricRecord),
)

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
_OPTIONAL = re.compile(r"\[[^\]]*\]")
_MAGIC = re.compile(r"%sdt_\w+")
# Flags in our documents that belong to other programs.
# Of other programs: our tools, aws s3, torchrun, and a script that errors.md tells about.
FOREIGN_FLAGS = {"quick", "only", "include", "exclude", "nproc", "lr"}


def anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings."""
    return [anchor(heading) for heading in _HEADING.findall(page.read_text())]


def dead_links(page: Path) -> list[str]:
    """Relative links of a page whose file or heading does not exist."""
    text = _CODE_BLOCK.sub("", page.read_text())
    dead = []
    for link in _LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            dead.append(link)
    return dead


def house(text: str) -> set[str]:
    """Python files that the tree in a document shows, as paths from its root line on."""
    files, folders = set(), []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        folders[depth:] = [words[0]]
        if words[0].endswith(".py"):
            files.add("".join(folders))
    return files


def block_after(page: Path, heading: str) -> str:
    """The first code block below a heading."""
    return page.read_text().partition(heading)[2].partition("```\n")[2].partition("```")[0]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_the_house_shows_exactly_the_files_of_the_package() -> None:
    files = (ROOT / "jupyter_sdt").rglob("*.py")
    # An __init__.py that only says what its folder is for is told by the folder's line.
    speaking = [p for p in files if p.name != "__init__.py" or p.read_text().count("\n") > 1]
    existing = {str(path.relative_to(ROOT)) for path in speaking}
    assert house(block_after(HOUSE, "# The house")) == existing


def test_the_architecture_shows_every_room() -> None:
    shown = {line.split()[0] for line in block_after(ARCHITECTURE, "## 3. The house").splitlines()}
    rooms = {f"{path.parent.name}/" for path in (ROOT / "jupyter_sdt").glob("*/*.py")}
    assert shown >= rooms


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_python_file_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w/.-])((?:[\w-]+/)+[\w-]+\.(?:py|sh|ipynb))", page.read_text()))
    starts = (ROOT, ROOT / "jupyter_sdt", page.parent)
    missing = {name for name in named if not any((s / name).exists() for s in starts)}
    # The cell's own name in a job directory.
    assert missing - {"source/entry_point.py"} == set()


def test_the_magics_page_lists_every_flag_with_its_form() -> None:
    text = MAGICS_PAGE.read_text().replace("\\|", "|")
    assert [flag.shown for flag in FLAGS.values() if f"`{flag.shown}`" not in text] == []


def test_the_magics_page_lists_every_option_of_the_small_magics() -> None:
    text = MAGICS_PAGE.read_text()
    for parser in (words.JOBS, words.LOGS, words.STOP, words.ATTACH):
        (row,) = re.findall(rf"^\| `{parser.prog}\b(.*)` \|", text, re.MULTILINE)
        usage = parser.format_usage().replace("[name]", "[NAME]")
        assert set(_OPTIONAL.findall(row)) == set(_OPTIONAL.findall(usage)), parser.prog


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_flag_and_magic_a_page_names_exists(page: Path) -> None:
    source = "\n".join(p.read_text() for p in Path(words.__file__).parent.glob("*.py"))
    text = page.read_text()
    known = {*FLAGS, *FOREIGN_FLAGS, *re.findall(r"\"--([a-z-]+)\"", source)}
    assert set(_FLAG.findall(text)) - known == set()
    missing = {name for name in _MAGIC.findall(text) if f"def {name.strip('%')}" not in source}
    assert missing == set()


def test_the_job_page_names_every_path_of_a_job() -> None:
    text = JOB_PAGE.read_text()
    root = Path("/jobs/j")
    directory = JobDirectory(root)
    paths = [
        value
        for name, member in vars(JobDirectory).items()
        if isinstance(member, property) and isinstance(value := getattr(directory, name), Path)
    ]
    files = [directory.log(0), directory.error(0), directory.metric(0), directory.process(0)]
    named = [str(path.relative_to(root)).replace("rank-0", "rank-N") for path in [*paths, *files]]
    assert [name for name in named if name not in text] == []


@pytest.mark.parametrize("kind", JSON_KINDS, ids=lambda kind: kind.__name__)
def test_the_job_page_names_every_json_key(kind: type) -> None:
    text = JOB_PAGE.read_text()
    assert [f.name for f in dataclasses.fields(kind) if f"`{f.name}`" not in text] == []


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    named = {
        target
        for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
        for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)
    }
    assert named >= {"demo", "lab", "test", "bench"}
    for target in named:
        command = ["make", "--dry-run", target]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


def test_a_dead_link_and_a_dead_anchor_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One, two\n[a](#one-two) [b](#three) [c](gone.md) [d](page.md#one-two) [e](https://x.y)\n"
        "```\n[f](in_code.md)\n```\n"
    )
    assert dead_links(page) == ["#three", "gone.md"]


def test_the_tree_in_a_document_is_read_as_paths() -> None:
    tree = "a/\n  x.py      words\n  b/        a room\n    y.py\n  z.py\n"
    assert house(tree) == {"a/x.py", "a/b/y.py", "a/z.py"}
