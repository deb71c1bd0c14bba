"""Paths of what a job has from elsewhere, or has on its way there: a part of JobDirectory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutsideFiles:
    """The part of a job directory that git and S3 have to do with; ``path`` is the job's folder."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """``checkpoints/``: what a ``checkpoint_s3_uri`` holds in S3, for all local nodes."""
        return self.path / "checkpoints"

    @property
    def sent_checkpoints_file(self) -> Path:
        """``checkpoints.json``: which of them are in S3 already, by size and time of change."""
        return self.path / "checkpoints.json"

    @property
    def artifacts(self) -> Path:
        """``artifacts/``: what is on its way to an ``output_path`` in S3."""
        return self.path / "artifacts"

    @property
    def commit_file(self) -> Path:
        """``source.commit``: the commit of a source that came from git."""
        return self.path / "source.commit"

    def fetched(self, channel: str) -> Path:
        """``s3/CHANNEL/``: a channel that was brought here from S3."""
        return self.path / "s3" / channel
