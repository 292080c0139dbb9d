"""Geometry: which operations change size, place or direction?"""
