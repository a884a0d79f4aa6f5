"""Everything about one session as one document, for the support of a PSP. Reads, and masks.

It names what PSP support finds a payment by: our ids, the PSP's token and references, and
idempotency keys. The token stays readable: it is the PSP's own name for the payment, without which
nothing is found there, and it moves no money without our API key. Links that work for whoever
has them (result page, purchase page), and what concerns people, are left out or masked.
"""
