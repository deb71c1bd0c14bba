"""The process that owns a job, and what it looks after."""
