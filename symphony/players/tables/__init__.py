"""Tables: rows as maps from column to value; what text means in them, and what is in a column."""
