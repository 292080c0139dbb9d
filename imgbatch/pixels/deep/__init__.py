"""Deep pictures: how are samples of more than 8 bits held and filtered?"""
