"""The embedded Athena, without the emulator."""
