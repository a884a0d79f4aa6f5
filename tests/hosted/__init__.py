"""A PSP whose own page charges, in the shapes that real ones have: server, client and stories."""
