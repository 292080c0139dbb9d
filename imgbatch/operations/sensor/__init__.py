"""Sensor: which operations compare a picture with one shared frame?"""
