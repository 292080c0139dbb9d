"""State: where is written what runs did, and how does that of several shards become one?"""
