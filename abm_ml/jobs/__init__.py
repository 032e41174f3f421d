"""Jobs: one function each: read, compute, write, report."""
