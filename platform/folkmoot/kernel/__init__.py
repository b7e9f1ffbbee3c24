"""The ground floor: settings, database, unit of work, errors, clock, ids."""
