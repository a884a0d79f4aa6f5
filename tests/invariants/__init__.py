"""The invariants: what breaks them is found, named and shown; what does not is left alone."""
