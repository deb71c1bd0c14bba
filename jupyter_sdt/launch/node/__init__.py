"""What a training process finds on its node: variables, folders, devices."""
