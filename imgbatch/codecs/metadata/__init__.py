"""Metadata: what travels beside the pixels, and what becomes of it?"""
