"""Why a score is what it is: exact contributions in probability points, and sentences that people read."""
