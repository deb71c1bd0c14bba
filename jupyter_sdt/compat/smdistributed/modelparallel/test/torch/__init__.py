"""smdistributed.modelparallel.test.torch."""
