"""The simulation of the rules, its oracle, and its missing guards."""
