"""What only lesson 05 measures and draws."""
