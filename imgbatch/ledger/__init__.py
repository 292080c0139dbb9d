"""Ledger: what did former runs do?"""
