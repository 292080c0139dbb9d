"""Overlays: which operations lay something on a picture?"""
