"""The command line, `pocovid`: one module for each group of sub-commands."""
