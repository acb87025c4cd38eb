"""The tests; a package, so that none of its folders has the name of a package that is tested."""
