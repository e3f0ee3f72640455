"""What only lesson 04 measures and draws."""
