"""Experts of Mixtral: slices of each for tensor peers, some of them for each expert peer."""
