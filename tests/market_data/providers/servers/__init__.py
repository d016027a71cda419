"""Servers on loopback that respond as the providers' public documentation says, faults included."""
