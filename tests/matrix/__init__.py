"""With which Python, and with which versions of what imgbatch needs, does it work? ``python -m tests.matrix`` tells."""
