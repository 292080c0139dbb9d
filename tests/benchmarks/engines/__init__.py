"""What would a user write by hand? One script per library, each run alone: ``SPEC SOURCE TARGET``.

They may run in another interpreter than imgbatch's (``--python``), so they import nothing of this repository. The
spec is what ``Workload.spec`` gives: shapes as (width, height or null, cover, folder), suffix, quality, soften,
workers, marks (what ``Marks.spec`` gives, or null).
"""
