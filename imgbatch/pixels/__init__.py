"""Pixels: what is true of them, whatever the format and the operation?"""
