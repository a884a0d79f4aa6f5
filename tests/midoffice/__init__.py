"""The mid-office's pages, and the Django admin."""
