"""The rules of payments.domain, tried as what they are: pure functions over plain values."""
