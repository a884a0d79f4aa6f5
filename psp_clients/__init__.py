"""Translations of each PSP's API into BPS's words. Knows no Django and no payments."""
