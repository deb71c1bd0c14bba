"""The pipeline engine: modules of other stages are called where they are, forward and backward."""
