"""How a model learns, is calibrated, judged and kept: plain files in, plain files out."""
