"""The toolkit itself: its pages, sections and topics, and the tree that holds them together."""
