"""Support: what do several operations share?"""
