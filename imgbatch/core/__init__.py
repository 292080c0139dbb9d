"""Core: which words do at least three rooms share?"""
