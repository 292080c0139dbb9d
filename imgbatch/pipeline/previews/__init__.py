"""Previews: what does a worker show of a picture, in few pixels?"""
