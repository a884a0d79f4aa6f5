"""Books compared with real rows: statements, planted books, the command, and nights."""
