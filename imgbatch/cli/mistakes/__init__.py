"""Mistakes: what did somebody mean who typed words that imgbatch does not know? Loaded when such words are there."""
