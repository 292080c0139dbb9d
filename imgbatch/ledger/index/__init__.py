"""Index: what does the ledger know, for who plans?"""
