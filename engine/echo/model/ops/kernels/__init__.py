"""Triton kernels, by family; each file holds the kernels and the functions that launch them.

A kernel rounds where the plain function does. One program works on one position, unless it says
otherwise, and on all its channels, so that no sum depends on the rest of the batch.
"""
