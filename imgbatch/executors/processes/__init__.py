"""Processes: how does a Pool of supervised worker processes never hang?"""
