"""Checkpoints of version 2: torch's own, with tensor peers, and in the background."""
