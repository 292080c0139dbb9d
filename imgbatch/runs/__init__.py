"""Runs: what is one run over a folder?"""
