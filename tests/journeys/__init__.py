"""Whole journeys through each real PSP: a running BPS, the PSP's fake, and HTTP between all."""
