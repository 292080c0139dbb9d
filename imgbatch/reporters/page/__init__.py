"""Page: how does a report become one HTML file that opens anywhere and runs nothing of what it shows?

One self-contained file, no network, readable from ``file://``. Its style and its one script stand in it, named by their
hashes in a strict Content-Security-Policy; all data are JSON in ``<script type="application/json">`` and reach the
reader as text, never as markup. Every room that has something to show makes
sections, and a :class:`page.Page` of them::

    from imgbatch.reporters.page.page import Page, Section
    from imgbatch.reporters.page.links import Links

    links = Links(report_path)
    groups = Section("groups", 20, {"title": "The same picture"}, items=(
        {
            "title": "3 files, 2 of them could go: 4.1 MB",
            "pictures": [
                {"name": printable(path), "url": links.url(path), "picture": "data:image/jpeg;base64,...",
                 "lines": ["4000 × 3000", "2.1 MB"], "mark": "stays"}
            ],
        }
        for group in groups
    ))
    with open_atomic(path) as file:
        file.writelines(piece.encode() for piece in Page("Duplicates", sentence, [figures, groups]).pieces())

A section's `items` are written while they come, so that a million need no memory; its other values follow them, and may
be filled in meanwhile. Sections are shown in the order of their `place`. The kinds, each drawn by the function of that
name in ``assets/``:

``figures``
    ``{"name", "value", "note"?}``: numbers in large type.
``bars``
    ``{"name", "value", "text"}``: a table of amounts with bars; ``title``, ``note``.
``problems``
    ``{"kind", "count", "advice"}``: kinds of failures and what to do; each shows its files in the table.
``groups``
    ``{"title", "note"?, "pictures": [...]}`` as above: pictures side by side. The first of a group is what the others
    are compared with, in the slider and side by side; `url`, `picture` and `mark` may be missing.
``files``
    The rows of row.py: the table that is searched, filtered and sorted; only visible rows are drawn.
``pictures``
    ``[row number, data URI or "", SSIM or null]``: what the table shows beside its rows.
"""
