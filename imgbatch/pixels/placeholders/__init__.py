"""Placeholders: what stands for a picture until it is loaded?"""
