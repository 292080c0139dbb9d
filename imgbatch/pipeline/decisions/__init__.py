"""Decisions: what is known of one image before it is decoded? Its frames, pixels and outputs."""
