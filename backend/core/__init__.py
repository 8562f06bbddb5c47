"""What every room stands on: settings, database, errors, logs, mail, passwords."""
