"""The library: resources, facts, frequently asked questions, performance measures."""
