"""Blocks: what stands in a file that nobody reads here? One finder for each kind of container (contents.py)."""
