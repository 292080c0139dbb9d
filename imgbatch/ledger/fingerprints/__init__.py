"""Fingerprints: what do former comparisons know of files that are as they were?"""
