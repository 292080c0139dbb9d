"""Filters: which operations look at a pixel's neighbors?"""
