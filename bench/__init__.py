"""Measuring: this service beside a bare server and a textbook application, on the same data, in the same run."""
