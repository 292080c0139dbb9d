"""Review: how do files look that are done, or that nobody could read?"""
