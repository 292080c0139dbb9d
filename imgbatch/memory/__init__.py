"""Memory: which bytes do processes share?"""
