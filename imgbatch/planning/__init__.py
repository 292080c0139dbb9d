"""Planning: what is to be made of which sources, and where?"""
