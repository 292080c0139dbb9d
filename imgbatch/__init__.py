"""Resize, filter and convert folders of images: fast, exact, and honest about every file."""
