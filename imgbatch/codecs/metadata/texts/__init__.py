"""Texts: what does a picture's metadata say in words people read: its tags, and the day it was taken?"""
