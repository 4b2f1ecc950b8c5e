"""What a client does when the server, or what stands between, does not do what it should."""
