"""A platform on loopback that sends callbacks and answers reads; knows nothing of mirror."""
