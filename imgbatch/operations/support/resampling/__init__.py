"""Resampling: how does a picture get fewer or more pixels?"""
