"""Writing: how do frames become what a format can hold?"""
