"""Color spaces: which are told by numbers instead of a profile, and which profile says the same?"""
