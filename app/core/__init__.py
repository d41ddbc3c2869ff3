"""Ground floor: databases, time, HTTP. Knows no police and no toolkit."""
