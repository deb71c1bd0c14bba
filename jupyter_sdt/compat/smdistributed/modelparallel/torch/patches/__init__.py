"""smdistributed.modelparallel.torch.patches: functions in place of torch's."""
