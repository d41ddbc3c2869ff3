"""The mail room: letters owed become letters sent. It knows notices and lookups, and none of the features."""
