"""Measurements of BPS. Not part of what is installed or tested."""
