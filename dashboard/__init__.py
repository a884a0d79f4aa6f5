"""The mid-office: pages for staff. Reads through selectors, acts through services."""
