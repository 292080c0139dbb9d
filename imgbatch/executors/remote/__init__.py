"""Remote: what do workers of an engine of others get, do and say, wherever they are?"""
