"""Who starts the ranks: plans for torchrun, mpirun and plain python."""
