"""What the mid-office's templates can do beyond Django's own."""
