"""From a JobSpec to running processes: plans, launchers, the nursery and the supervisor."""
