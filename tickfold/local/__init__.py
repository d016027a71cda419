"""Runs without a stack: the engine on the frames and files of this machine, as a notebook wants it.

What a run is asked for, checked by and answered with is what the stack has: the protocol's models, the rules of bar
files, the planner's checks, the engine's single pass, and the tables of results.
"""
