"""The sandbox keeps the promises of its API.md, and its books are right whatever happens."""
