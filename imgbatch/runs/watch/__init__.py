"""Watch: how does a run go that never ends, over folders that fill while one looks?"""
