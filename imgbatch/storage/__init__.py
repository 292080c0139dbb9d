"""Storage: how do bytes get to where they stay, and come back?"""
