"""The embedded stack: the same Pulumi program, deployed onto an AWS emulator on this machine."""
