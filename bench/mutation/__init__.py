"""Mutation testing of what money rests on: a test must catch each small change of a rule."""
