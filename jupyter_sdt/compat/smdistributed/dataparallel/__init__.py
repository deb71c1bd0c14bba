"""smdistributed.dataparallel: the version whose documented names these are."""

__version__ = "1.8.0"
