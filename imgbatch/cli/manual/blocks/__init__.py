"""Blocks: what of the pages follows from declarations? One module a block; ``block(...)`` gives its Markdown."""
