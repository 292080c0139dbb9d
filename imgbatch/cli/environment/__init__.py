"""Environment: what does the command read from the variables and folders of its user, so that the library need not?"""
