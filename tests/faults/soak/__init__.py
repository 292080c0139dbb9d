"""What does a promise hold against? Long runs of the real command under one kind of fault each.

``python -m tests.faults.soak.NAME --rounds N --seed S`` prints a table of counts, and ends with 1 when a promise was
broken: points (each file-changing call fails), power (cuts), damage (of the ledger), attacks (a stranger's state),
swapper (of links), folder_goes (the output folder is taken away), watch (a day of
arrivals; takes their COUNT), kills and signals (to any process), fuzz (of what
parses) and growth (of the time that parsing takes).
"""
