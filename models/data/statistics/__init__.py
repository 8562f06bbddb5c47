"""What a dataset holds: the figures of the paper's section 3, Table 1 and appendix A."""
