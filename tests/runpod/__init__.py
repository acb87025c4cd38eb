"""Tests of the RunPod worker on one Ray, which ends with them: they are a package for that."""
