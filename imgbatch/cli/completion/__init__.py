"""Completion: what does a shell offer when Tab is pressed? A script for each shell, made of the declarations."""
