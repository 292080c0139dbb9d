"""Background: how does a run go on while the program does something else?"""
