"""smdistributed.modelparallel: the version whose documented names these are."""

__version__ = "1.15.0"
