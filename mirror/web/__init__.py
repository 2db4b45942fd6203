"""What people and programs read over HTTP: API, dashboard, metrics."""
