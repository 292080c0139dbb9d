"""Commands: what does each command of imgbatch do?"""
