"""Starting all ranks of a job anew after one was lost, on all nodes together, as torchrun does.

torchrun itself can do this for one node; its static rendezvous cannot meet a second time. So the
supervisor does it, for every launcher and any number of local nodes.
https://docs.pytorch.org/docs/stable/elastic/run.html
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_sdt.launch.backend import Outcome
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.distribution import Launcher
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory


@dataclass(slots=True)
class Restarts:
    """How often the ranks may be started anew, how often they were, and why."""

    most: int
    count: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_left(self) -> bool:
        """Whether they may be started once more."""
        return self.count < self.most

    def begin(self, outcome: Outcome) -> None:
        """Count one, and note what it was for."""
        self.count += 1
        self.notes = (*self.notes, f"restart {self.count} of {self.most}: {outcome.reason}")

    def tell(self, plan: LaunchPlan) -> LaunchPlan:
        """The plan whose processes know how often they were started."""
        count = str(self.count)
        known = {names.RESTART_COUNT: count, names.TORCHELASTIC_RESTART_COUNT: count}
        processes = [
            replace(process, environment={**process.environment, **known})
            for process in plan.processes
        ]
        return replace(plan, processes=tuple(processes))


def restarts_by_torchrun(spec: JobSpec, launcher: Launcher) -> bool:
    """Whether torchrun's one agent restarts the ranks, and not the supervisor."""
    return launcher == "torchrun" and spec.instance_count == 1


def forget_ranks(spec: JobSpec, directory: JobDirectory) -> None:
    """Remove what the ranks wrote about their own end: it is history."""
    for rank in range(spec.world_size):
        directory.error(rank).unlink(missing_ok=True)
        directory.process(rank).unlink(missing_ok=True)


def spread_checkpoints(spec: JobSpec, directory: JobDirectory) -> None:
    """Give every node the newest of each checkpoint file.

    Before a restart on SageMaker, S3 brings each host what all hosts had saved there. Nodes that
    share one folder (``checkpoint_s3_uri``) have it all.
    """
    folders = [directory.node(node) / "checkpoints" for node in spec.nodes]
    if any(folder.is_symlink() for folder in folders):
        return
    newest: dict[Path, Path] = {}
    for folder in folders:
        for path in _files(folder):
            name = path.relative_to(folder)
            if name not in newest or _age(path) > _age(newest[name]):
                newest[name] = path
    for name, source in newest.items():
        for folder in folders:
            _bring(source, folder / name)


def _bring(source: Path, target: Path) -> None:
    if target.exists() and _age(target) >= _age(source):
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = target.with_name(f".{target.name}.brought")
    shutil.copy2(source, whole)
    whole.replace(target)


def _files(folder: Path) -> list[Path]:
    """Finished files: names that begin with a dot are on their way."""
    return [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")]


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns
