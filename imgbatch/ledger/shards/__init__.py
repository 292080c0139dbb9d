"""Shards: how do several runs, each with a part of the sources, come to one ledger and one report?"""
