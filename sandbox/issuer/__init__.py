"""The issuer bank that the PSP asks: it answers at once, or much later."""
