"""Privacy: what else of a file holds what was asked to go, and how does it go without a rest?"""
