"""Guide: which commands tell a user what there is, and help to begin?"""
