"""The subsystems of the stack, one a file. A subsystem owns its resources and grants their use to others."""
