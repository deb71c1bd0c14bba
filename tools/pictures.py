"""Draw the README's picture from a finished job.

    python tools/pictures.py [JOB_NAME] [--output docs/images/first_job.png]

Without a name the newest completed job on several ranks is drawn, studies apart: after
``make demo`` the first example's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jupyter_sdt import TrainingJob, list_jobs
from jupyter_sdt.figures import job_figure

OUTPUT = Path(__file__).parents[1] / "docs" / "images" / "first_job.png"
# Twice the size at which the README shows it, for screens with small pixels.
DOTS_PER_INCH = 160


def newest() -> TrainingJob | None:
    """The newest completed job on several ranks that is not part of a study, if there is one."""
    several = (job for job in list_jobs() if job.spec.world_size > 1 and job.spec.study is None)
    return next((job for job in several if job.status == "Completed"), None)


def main() -> int:
    """Draw and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job_name", nargs="?")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    job = TrainingJob.attach(arguments.job_name) if arguments.job_name else newest()
    if job is None:
        print("pictures: no completed job with several ranks; run make demo", file=sys.stderr)
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    job_figure(job).savefig(arguments.output, dpi=DOTS_PER_INCH, bbox_inches="tight")
    print(f"pictures: {job.name} -> {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
