"""The service itself: its health, its audit log, and checks of what it stores."""
