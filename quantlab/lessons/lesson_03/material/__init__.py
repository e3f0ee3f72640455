"""What only lesson 03 measures and draws."""
