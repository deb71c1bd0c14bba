"""smdistributed.modelparallel.test: what published scripts take from the library's own tests."""
