"""The money: everything that decides what a payment is, and everything that carries it there."""
