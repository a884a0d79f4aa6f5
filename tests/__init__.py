"""The tests of BPS, one folder for each way of trying it."""
