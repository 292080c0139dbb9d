"""Reporters: where is a run reported?"""
