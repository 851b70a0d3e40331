"""Packing and unpacking archives, which may come from strangers."""
