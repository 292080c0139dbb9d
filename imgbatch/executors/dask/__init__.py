"""Dask: how is the work of a run done by the machines of a cluster?

Here ``executor.py`` sends chunks and gathers what comes back, through ``cluster.py``. There ``hosted_runs.py`` takes
them, and ``slot.py`` has each done by a supervised worker process of ours, as the Pool does at home.
"""
