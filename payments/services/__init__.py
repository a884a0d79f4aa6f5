"""What BPS does: one use case a file. They meet in settle, due, calls and timeline."""
