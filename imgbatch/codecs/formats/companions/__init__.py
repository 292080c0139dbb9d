"""Companions in a file: how are a JPEG and what accompanies it put into one file?"""
