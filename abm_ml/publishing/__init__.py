"""A scored day as an immutable run on disk, committed by one rename."""
