"""The evaluation report of an artifact: one page with the paper's tables and figures, and more."""
