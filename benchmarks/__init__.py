"""The engine beside its peers, in one run on one machine: `make bench`. Never a test: no build fails by the clock."""
