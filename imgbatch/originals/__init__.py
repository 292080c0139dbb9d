"""Originals: what happens to the user's own files?"""
