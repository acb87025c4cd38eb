"""Everything worth knowing of the engine on a GPU, in eight minutes; see `__main__`."""
