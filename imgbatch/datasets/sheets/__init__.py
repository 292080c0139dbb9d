"""Sheets: how does a folder look at a glance, on pages?"""
