"""Models and optimizers that lie on several ranks, on their way to files and back."""
