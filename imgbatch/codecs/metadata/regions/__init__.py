"""Regions: what do EXIF and XMP say of places and sizes in the picture, and how do they follow its pixels?"""
