"""What needs two people at a shop: its keys, its signing secrets, its refund limits."""
