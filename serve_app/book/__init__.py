"""A whole book into one file: read, cut into requests, spoken one after the other, joined."""
