"""The vocabulary: frozen data that every other part speaks. Standard library only."""
