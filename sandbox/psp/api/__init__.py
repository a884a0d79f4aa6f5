"""The PSP's API under /v1/: translates requests in, makes one call, translates answers out."""
