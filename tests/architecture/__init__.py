"""How the code is laid out: who may import whom, and what imports cannot say."""
