"""The fault campaign's own parts: its plan, its proxy, its oracle, its bugs, and a short run."""
