"""What the `pmhc` command can do, by subject. Heavy imports happen inside commands: `--help` answers at once."""
