"""The embedded stack: the Pulumi program deployed to an AWS emulator on this machine."""
