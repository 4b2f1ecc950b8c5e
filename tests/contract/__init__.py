"""What the store promises, on every target alike: one body of tests over a folder, a server and a two-shard cluster."""
