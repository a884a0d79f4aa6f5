"""The two gates, called directly: every column, event, case and notification that they write."""
