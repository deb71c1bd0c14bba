"""Memory of activations: computed again in backward, or kept in the memory of the CPU."""
