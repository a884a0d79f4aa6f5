"""The support bundle: all that a PSP's support needs, and nothing that harms."""
