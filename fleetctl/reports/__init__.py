"""What people and machines read: the sum of a run, JSON lines, tables, HTML, CSV. Knows no typer and no rich."""
