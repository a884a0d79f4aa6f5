"""The invariants, and how each is looked for in a live database. Reads only; repairs nothing.

`catalogue` lists them, `board` looks at all of them, and `services.check_invariants` keeps what
was found.
"""
