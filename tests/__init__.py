"""They mirror the rooms; what several of them share is in tests/support."""
