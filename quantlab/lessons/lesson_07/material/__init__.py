"""What only lesson 07 measures and draws."""
