"""Manual: what does imgbatch say of itself, in pages, in man's format, and in Markdown?"""
