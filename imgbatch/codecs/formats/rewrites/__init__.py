"""Rewrites: files that get other metadata around the same coded picture, one module for each kind of container."""
