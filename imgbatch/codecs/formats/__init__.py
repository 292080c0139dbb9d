"""Formats: what is true of each format that is written?"""
