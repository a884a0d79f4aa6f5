"""The sandbox PSP: its API, purchase page, webhooks, faults and books. API.md is its promise."""
