"""A module and its tests, for the mutation testing to be tried on."""
