"""Input folders of local jobs: files, pipes, file systems and S3."""
