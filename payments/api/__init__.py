"""The shops' API: translate in, one call into the services, translate out."""
