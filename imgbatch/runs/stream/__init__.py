"""Stream: how does a run go whose sources come while it is at work?"""
