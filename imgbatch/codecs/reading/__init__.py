"""Reading: how does one get from a file's bytes to frames?"""
