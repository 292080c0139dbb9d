"""Containers: what do a file's own structures say, without decoding a picture?"""
