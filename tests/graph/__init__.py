"""Tests of the graph on one real Ray cluster, which ends with them: they are a package for that."""
