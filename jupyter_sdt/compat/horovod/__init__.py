"""The names of Horovod, on top of torch.distributed; the version whose documented API this is."""

__version__ = "0.28.1"
