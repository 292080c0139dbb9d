"""Samples: what does a worker make of a picture that others will learn from?"""
