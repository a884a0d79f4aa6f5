"""The demo shop: it sells a few things through BPS, as any e-commerce site would."""
