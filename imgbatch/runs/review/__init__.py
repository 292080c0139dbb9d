"""Review: what does a run look at again when it is done, to show its results?"""
