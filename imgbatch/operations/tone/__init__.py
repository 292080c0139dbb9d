"""Tone: which operations change brightness and colors?"""
