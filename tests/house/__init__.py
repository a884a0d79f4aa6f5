"""The house: settings, private servers, the demo and its processes."""
