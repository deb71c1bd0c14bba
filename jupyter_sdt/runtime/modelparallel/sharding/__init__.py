"""Sharded data parallelism: parameters, gradients and optimizer state in groups of ranks."""
