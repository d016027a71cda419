"""The real Pulumi engine: what the program and its upgrades are held to."""
