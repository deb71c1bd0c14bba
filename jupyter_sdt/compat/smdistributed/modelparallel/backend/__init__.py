"""smdistributed.modelparallel.backend: what the front ends share."""
