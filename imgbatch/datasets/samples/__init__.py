"""Samples: how do pictures become a set to train on, one sample each?"""
