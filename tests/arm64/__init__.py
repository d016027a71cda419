"""The engine on arm64, Lambda's processor, against this machine's."""
