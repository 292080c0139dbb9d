"""Samples: what do those of a file mean, and how do they leave their reader?"""
