"""Buckets: how is planned where a store has keys, and no folders to be entered?"""
