"""Small fakes of the PSPs, written from their specifications: HTTP servers with books."""
