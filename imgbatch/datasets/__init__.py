"""Datasets: what is a folder of images as numbers?"""
