"""What real OpenID Connect issuers hand out, and what becomes of it: only run by `make issuers`."""
