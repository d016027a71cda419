"""What the subsystems are made of."""
