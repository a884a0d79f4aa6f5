"""The lists of the mid-office: each is declared once, and all are shown by the same code."""
