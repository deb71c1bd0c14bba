"""horovod.common: what Horovod's front ends share."""
