"""Statistics of a dataset, as in the paper's section 3, Table 1 and appendix A."""
