"""Pipeline: what does a worker do with one image?"""
