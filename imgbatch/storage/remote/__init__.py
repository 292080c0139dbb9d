"""Remote stores: how are sources read and outputs written where they stay behind a network?"""
