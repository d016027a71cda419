"""The AWS building blocks of the subsystems, one a file."""
