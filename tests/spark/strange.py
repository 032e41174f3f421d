"""Cells that engines like to read in ways of their own."""

from __future__ import annotations

import pyarrow as pa

STRANGE = """account_id,name,employees,annual_revenue,is_target,in_program,created_at
 a1,false,12.000,1e3,yes,no,2025-01-01
a2, vif ,5.,.5,t,no,2025-01-01T12:00:00+02:00
a3,"\t\v\f",+7,1e400,FALSE,no,2025-01-01 12:00:00.123456789Z
a4,double,1,1,1,no,2025-01-01
a4,double,1,1,1,no,2025-01-01
a5,one,1,1,1,no,2025-01-01
a5,another,1,1,1,no,2025-01-01
a6,b,1.5,1,1,no,2025-01-01
a7,b,1,NaN,1,no,2025-01-01
a8,b,1,1,maybe,no,2025-01-01
a9,b,1,1,1,no,2025-02-30
b1,b,1,1,1,no,2025-01-01T12:00:00 +02:00
b2,b,-1,1,1,no,2025-01-01
b3,b,1,1,1,no,1850-01-01
,b,1,1,1,no,2025-01-01
b4,"a ""quoted"", long name",999999999999999999,-0.0,no,no,2025-01-01
"""


def surveys() -> pa.Table:
    """Times in nanoseconds, with a zone and without."""
    zoned, without_zone = pa.timestamp("ns", "Europe/Berlin"), pa.timestamp("ns")
    nanoseconds = [1_767_222_000_123_456_789, 1_767_308_400_000_000_000, 1_767_308_400_000_000_001]
    columns = {
        "survey_id": ["s1", "s2", "s3"],
        "account_id": ["a2", "a4", "nobody"],
        "kind": ["nps", "brand", "nps"],
        "score": [1.0, float("nan"), None],
        "sent_at": pa.array([each - 86_400_000_000_000 for each in nanoseconds], without_zone),
        "answered_at": pa.array(nanoseconds, zoned),
    }
    return pa.table(columns)
