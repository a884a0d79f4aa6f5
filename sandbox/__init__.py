"""What BPS is tried against: a demo shop, a PSP and an issuer bank. A stranger to BPS."""
