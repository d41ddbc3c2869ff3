"""The desk: requests for training and technical assistance, from the first word to delivered help."""
