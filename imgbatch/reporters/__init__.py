"""Reporters: who is told how a run goes?"""
