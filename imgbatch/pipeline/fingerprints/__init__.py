"""Fingerprints: what does a worker note of one image, so that its duplicates can be found?"""
