"""The rules: pure functions over plain values. No Django, no clock, no randomness, no I/O."""
