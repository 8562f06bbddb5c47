"""The evaluation of an artifact as in the paper, and better: one page with tables and figures."""
