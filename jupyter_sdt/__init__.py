"""Distributed training from a notebook cell, in SageMaker's words, on this machine first."""
