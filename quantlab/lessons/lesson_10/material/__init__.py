"""What only lesson 10 measures, keeps and draws."""
