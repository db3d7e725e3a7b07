"""What is measured, side by side with peers: `python -m benchmarks [--quick] [NAME...]`."""
