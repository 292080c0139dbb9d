"""Perception: what does a viewer see of a picture: is it like another one, is it sharp, is there anything to see?"""
